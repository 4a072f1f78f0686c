"""Compiled code of the blend: one pass over the scores of a user, or over those that are not 0.

``indptr``, ``indices``, ``data`` are a CSR matrix of scores, ``own_indptr`` and ``own`` the items
of the users' histories. Rows of scores are float32 of shape (users, items), or (1, items) where all
users have the same.
"""

from __future__ import annotations

import numpy as np

from recsys_lib.compiled import compiled
from recsys_lib.ranking import is_before, keep_best, put_in


@compiled
def best_new_of_rows(scores, own_indptr, own, best):
    """Fill ``best`` with each user's best score of other items, 1 where none is above 0.

    ``own`` is sorted within a user. Returns whether all scores are finite.
    """
    n_items, finite = scores.shape[1], True
    shared = len(scores) == 1 < len(best)  # most users do not have the best of all items
    best_of_all = np.argmax(scores[0]) if shared else 0
    for user in range(len(best)):
        row = scores[user if len(scores) > 1 else 0]
        highest, start = np.float32(0), 0
        mine = own[own_indptr[user] : own_indptr[user + 1]]
        if shared and user > 0 and not (mine == best_of_all).any():
            best[user] = row[best_of_all] if row[best_of_all] > 0 else np.float32(1)
            continue
        for n in range(own_indptr[user], own_indptr[user + 1] + 1):
            stop = own[n] if n < own_indptr[user + 1] else n_items
            for item in range(start, stop):
                highest = max(highest, row[item])
            start = stop + 1
        best[user] = highest if highest > 0 else np.float32(1)
        if user < len(scores):
            total = np.float32(0)
            for item in range(n_items):
                total += row[item] * np.float32(0)  # NaN if any of them is NaN or infinite
            finite &= total == 0
    return finite


@compiled
def best_new_of_sparse(indptr, indices, data, own_indptr, own, n_items, best):
    """The same for a CSR matrix; items without an entry have the score 0."""
    is_own, finite = np.full(n_items, -1, np.int32), True
    for user in range(len(best)):
        for n in range(own_indptr[user], own_indptr[user + 1]):
            is_own[own[n]] = user
        highest = np.float32(0)
        for n in range(indptr[user], indptr[user + 1]):
            finite &= np.isfinite(data[n])
            if is_own[indices[n]] != user:
                highest = max(highest, data[n])
        best[user] = highest if highest > 0 else np.float32(1)
    return finite


@compiled
def relative_score(score, best):
    return min(max(score / best, np.float32(0)), np.float32(1))


@compiled
def divide_and_cut(scores, best, relative):
    """Fill ``relative`` with scores divided by the best of each user and cut to [0, 1]."""
    for user in range(len(best)):
        row, scale = scores[user if len(scores) > 1 else 0], best[user]
        for item in range(len(row)):
            relative[user, item] = relative_score(row[item], scale)


@compiled
def add_rows(total, scores, best, trend, trend_best, weights):
    """Add a r + b sqrt(r) + a_trend t r + b_trend t sqrt(r) to ``total``; weights are (users, 4).

    r is the relative score, t the trend of an item, which is a relative score, too.
    """
    for user in range(len(total)):
        a, b, a_trend, b_trend = weights[user]
        row, scale = scores[user if len(scores) > 1 else 0], best[user]
        if a_trend == 0 and b_trend == 0:
            for item in range(len(row)):
                r = relative_score(row[item], scale)
                total[user, item] = total[user, item] + a * r + b * np.sqrt(r)
        else:
            trends, trend_scale = trend[user if len(trend) > 1 else 0], trend_best[user]
            for item in range(len(row)):
                r = relative_score(row[item], scale)
                t = relative_score(trends[item], trend_scale)
                total[user, item] = (
                    total[user, item] + (a + a_trend * t) * r + (b + b_trend * t) * np.sqrt(r)
                )


@compiled
def add_sparse(total, indptr, indices, data, best, trend, trend_best, weights):
    """The same for a CSR matrix of scores; where there is no entry, nothing is added."""
    for user in range(len(total)):
        a, b, a_trend, b_trend = weights[user]
        trends, trend_scale = trend[user if len(trend) > 1 else 0], trend_best[user]
        for n in range(indptr[user], indptr[user + 1]):
            item = indices[n]
            r, t = relative_score(data[n], best[user]), relative_score(trends[item], trend_scale)
            total[user, item] = (
                total[user, item] + (a + a_trend * t) * r + (b + b_trend * t) * np.sqrt(r)
            )


@compiled
def look_up(indptr, indices, data, n_items, user, item, found):
    """Fill ``found`` with the values of a CSR matrix at ascending ``user`` and any ``item``."""
    row, current = np.zeros(n_items, np.float32), -1
    for cell in range(len(user)):
        if user[cell] != current:
            if current >= 0:
                for n in range(indptr[current], indptr[current + 1]):
                    row[indices[n]] = 0
            current = user[cell]
            for n in range(indptr[current], indptr[current + 1]):
                row[indices[n]] = data[n]
        found[cell] = row[item[cell]]


@compiled
def best_of_rows(scores, own_indptr, own, tie_order, best, items):
    """Fill ``best`` and ``items``, (users, k), with the best that is not ``own`` (sorted)."""
    for user in range(len(items)):
        row = scores[user if len(scores) > 1 else 0]
        mine = own[own_indptr[user] : own_indptr[user + 1]]
        keep_best(row, 0, mine, tie_order, best[user], items[user])


@compiled
def best_of_sparse(indptr, indices, data, own_indptr, own, tie_order, others, best, items):
    """The same for a CSR matrix; ``others`` are items in tie order, with 0 if without an entry."""
    is_known = np.full(len(tie_order), -1, np.int32)
    for user in range(len(items)):
        for n in range(own_indptr[user], own_indptr[user + 1]):
            is_known[own[n]] = user
        scores, list_ = best[user], items[user]
        for n in range(indptr[user], indptr[user + 1]):
            item, score = indices[n], data[n]
            if is_known[item] != user and is_before(score, item, scores[-1], list_[-1], tie_order):
                put_in(scores, list_, score, item, tie_order)
            is_known[item] = user
        for item in others:
            if is_known[item] != user:
                if not is_before(np.float32(0), item, scores[-1], list_[-1], tie_order):
                    break
                put_in(scores, list_, np.float32(0), item, tie_order)


@compiled
def added(total, r, t, weights):
    """``total`` and the share of a source with the relative score r of an item of the trend t."""
    a, b, a_trend, b_trend = weights
    return total + (a + a_trend * t) * r + (b + b_trend * t) * np.sqrt(r)


@compiled
def best_of_sum(entries, shared, trend, base, own, tie_order, last_resort, best, items):
    """Fill ``best`` and ``items``, (users, k), with the best sums over sources, without ``own``.

    ``entries`` are the sparse sources one after the other: starts and stops (sources, users), items
    and scores (entries,), the best score (sources, users) and weights (sources, users, 4).
    ``shared`` are those that say the same to all: scores (sources, items), best and weights
    likewise. ``base`` has sums for items without an entry: rows (keys, items), the best items of
    each (keys, m), and the row of each user. ``last_resort`` are popularity (items,), its best
    (users,), and its weight.
    """
    n_items = len(tie_order)
    # 2 user: an item that is not looked at (again); 2 user + 1: one with an entry.
    state, total = np.full(n_items, -1, np.int64), np.zeros(n_items, np.float32)
    touched = np.empty(n_items, np.int32)
    for user in range(len(items)):
        for n in range(own[0][user], own[0][user + 1]):
            state[own[1][n]] = 2 * user
        n_touched = add_entries(user, entries, trend, state, total, touched)
        scores, found = best[user], items[user]
        trends = trend[0][user if len(trend[0]) > 1 else 0]
        for n in range(n_touched):
            item, value = touched[n], total[touched[n]]
            t = relative_score(trends[item], trend[1][user])
            for s in range(len(shared[0])):
                r = relative_score(shared[0][s, item], shared[1][s, user])
                value = added(value, r, t, shared[2][s, user])
            value = value + last_resort[2] * relative_score(
                last_resort[0][item], last_resort[1][user]
            )
            if is_before(value, item, scores[-1], found[-1], tie_order):
                put_in(scores, found, value, item, tie_order)
        key = base[2][user]
        _add_base(2 * user, base[0][key], base[1][key], state, tie_order, scores, found)


@compiled
def add_entries(user, entries, trend, state, total, touched):
    """Sum up the sparse sources in ``total``; returns the number of items with an entry."""
    starts, stops, items, scores, best, weights = entries
    trends, n_touched = trend[0][user if len(trend[0]) > 1 else 0], 0
    for s in range(len(starts)):
        for n in range(starts[s, user], stops[s, user]):
            item, r = items[n], relative_score(scores[n], best[s, user])
            if r == 0 or state[item] == 2 * user:
                continue
            if state[item] != 2 * user + 1:
                state[item], total[item] = 2 * user + 1, 0
                touched[n_touched] = item
                n_touched += 1
            t = relative_score(trends[item], trend[1][user])
            total[item] = added(total[item], r, t, weights[s, user])
    return n_touched


@compiled
def _add_base(unseen, row, head, state, tie_order, scores, found):
    """Insert items without an entry: with a ``state`` below ``unseen``; ``head`` is best first."""
    for item in head:
        if state[item] < unseen:
            if not is_before(row[item], item, scores[-1], found[-1], tie_order):
                return
            put_in(scores, found, row[item], item, tie_order)
        state[item] = unseen
    for item in range(len(row) if len(head) < len(row) else 0):
        if state[item] < unseen and is_before(row[item], item, scores[-1], found[-1], tie_order):
            put_in(scores, found, row[item], item, tie_order)
