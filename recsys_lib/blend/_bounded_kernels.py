"""Compiled code of :mod:`recsys_lib.blend._bounded`."""

from __future__ import annotations

import numpy as np

from recsys_lib.blend._kernels import add_entries, added, relative_score
from recsys_lib.compiled import compiled
from recsys_lib.ranking import dot, is_before, put_in


@compiled
def best_of_bounded(
    users, bounds, entries, others, trend, own, tie_order, last_resort, scores, items
):
    """Fill ``scores`` and ``items``, (all users, k), for ``users``, with the best sums.

    ``bounds`` are those of the items without an entry, (items,), and the items of the highest ones
    in order. ``entries``, ``own`` and ``last_resort`` are as for :func:`_kernels.best_of_sum`, the
    trend is (items,) and its best (all users,). ``others`` are the sources without entries: for
    each the number of its row, or -1 minus that of its vectors; rows (rows, items); vectors of
    users and of items, a tuple each; best (others, all users); weights (others, all users, 4).
    Returns the number of products that were computed.
    """
    n_items, computed = len(tie_order), 0
    # 2 user: an item that is not looked at (again); 2 user + 1: one with an entry.
    state, total = np.full(n_items, -1, np.int64), np.zeros(n_items, np.float32)
    touched = np.empty(n_items, np.int32)
    for user in users:
        for n in range(own[0][user], own[0][user + 1]):
            state[own[1][n]] = 2 * user
        # Of the trend the kernel takes rows of users.
        n_touched = add_entries(
            user, entries, (trend[0].reshape(1, n_items), trend[1]), state, total, touched
        )
        list_ = (scores[user], items[user])
        place = 0
        while place < len(bounds[1]) and list_[1][-1] < 0:  # full lists have a lowest score
            computed += _try(
                bounds[1][place],
                np.float32(0),
                user,
                bounds[0],
                others,
                trend,
                last_resort,
                state,
                tie_order,
                list_,
            )
            place += 1
        for n in range(n_touched):
            item = touched[n]
            state[item] = 2 * user - 1
            computed += _try(
                item,
                total[item],
                user,
                bounds[0],
                others,
                trend,
                last_resort,
                state,
                tie_order,
                list_,
            )
        while place < len(bounds[1]) and bounds[0][bounds[1][place]] >= list_[0][-1]:
            computed += _try(
                bounds[1][place],
                np.float32(0),
                user,
                bounds[0],
                others,
                trend,
                last_resort,
                state,
                tie_order,
                list_,
            )
            place += 1
        if place == len(bounds[1]) and place < n_items:
            for item in range(n_items):
                computed += _try(
                    item,
                    np.float32(0),
                    user,
                    bounds[0],
                    others,
                    trend,
                    last_resort,
                    state,
                    tie_order,
                    list_,
                )
    return computed


@compiled
def _try(item, total, user, bounds, others, trend, last_resort, state, tie_order, list_):
    """Put an item into the list if it is good enough, and was not looked at before.

    Returns the number of products that were computed.
    """
    computed = 0
    if state[item] >= 2 * user:
        return computed
    state[item] = 2 * user
    bound = total + bounds[item]
    if bound < list_[0][-1]:
        return computed
    place, rows, own_vectors, item_vectors, best, weights = others
    t = relative_score(trend[0][item], trend[1][user])
    for o in range(len(place)):
        w = weights[o, user]
        if place[o] >= 0:
            r = relative_score(rows[place[o], item], best[o, user])
        else:
            most = added(np.float32(0), np.float32(1), t, w)
            if most == 0:
                continue
            d = -1 - place[o]
            computed += 1
            product = dot(own_vectors[d][user], item_vectors[d][item])
            r = relative_score(product, best[o, user])
            # Where the product was low, the next one need not be computed. Items without a vector
            # have a product of 0, and nothing of it in their bound.
            if product != 0:
                bound -= most - added(np.float32(0), r, t, w)
        total = added(total, r, t, w)
        if bound < list_[0][-1]:
            return computed
    total = total + last_resort[2] * relative_score(last_resort[0][item], last_resort[1][user])
    if is_before(total, item, list_[0][-1], list_[1][-1], tie_order):
        put_in(list_[0], list_[1], total, item, tie_order)
    return computed
