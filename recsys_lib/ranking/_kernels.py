"""Compiled top-k: one pass over the scores, nearly none of which is among the best.

A list of k is two rows, ``scores`` and ``items``, sorted from the best down. Empty places hold the
item -1, and a score that the first entries must exceed.
"""

from __future__ import annotations

import numpy as np

from recsys_lib.compiled import compiled

_RUN = 32  # scores compared at once


@compiled
def select_best(scores, tie_order, best, items):
    """Fill each row of ``items`` with the columns of the highest scores, best first.

    ``scores`` is float32 (rows, n), ``items`` int32 (rows, k) full of -1, ``best`` float32
    (rows, k) full of the score that must be exceeded. ``tie_order`` is int32 (n,).
    """
    nothing_seen = np.empty(0, np.int32)
    for r in range(len(scores)):
        keep_best(scores[r], 0, nothing_seen, tie_order, best[r], items[r])


@compiled
def keep_best(cells, start, seen, tie_order, scores, items):
    """Insert into a list what is better than its last entry, of the items from ``start`` on.

    ``cells`` has their scores; ``seen`` (sorted) lists items to leave out.
    """
    for run in range(0, len(cells), _RUN):
        stop = min(run + _RUN, len(cells))
        # Counting without a branch is vectorized, and nearly always the count is 0: only then
        # are single scores looked at.
        promising = 0
        worst = scores[-1]
        if items[-1] < 0:
            for c in range(run, stop):
                promising += cells[c] > worst
        else:  # in a full list a tie can win
            for c in range(run, stop):
                promising += cells[c] >= worst
        if promising:
            for c in range(run, stop):
                item = start + c
                # Most fail the first test; whether an item was seen takes longest to find out.
                if is_before(cells[c], item, scores[-1], items[-1], tie_order) and not contains(
                    seen, item
                ):
                    put_in(scores, items, cells[c], item, tie_order)


@compiled
def is_before(score, item, other_score, other, tie_order):
    """The tie rule: of equal scores the item of lower tie order comes first."""
    if score != other_score:
        return score > other_score
    return other >= 0 and tie_order[item] < tie_order[other]


@compiled
def contains(seen, item):
    """Whether ``item`` is in ``seen``, which is sorted."""
    n = np.searchsorted(seen, item)
    return n < len(seen) and seen[n] == item


@compiled
def put_in(scores, items, score, item, tie_order):
    """Put an item that is better than the last one at its position, found by bisection."""
    position, stop = 0, len(items) - 1
    while position < stop:
        middle = (position + stop) // 2
        if is_before(score, item, scores[middle], items[middle], tie_order):
            stop = middle
        else:
            position = middle + 1
    # Two loops over one array each become moves of memory; one over both does not.
    for n in range(len(items) - 1, position, -1):
        scores[n] = scores[n - 1]
    for n in range(len(items) - 1, position, -1):
        items[n] = items[n - 1]
    scores[position], items[position] = score, item


@compiled
def first_new(order, indptr, own, items):
    """Fill each row of ``items``, (users, k), with the first of ``order`` that a user lacks.

    User u has the items own[indptr[u] : indptr[u + 1]].
    """
    is_own = np.full(len(order), -1, np.int64)
    for user in range(len(items)):
        for n in range(indptr[user], indptr[user + 1]):
            is_own[own[n]] = user
        place = 0
        for item in order:
            if place == items.shape[1]:
                break
            if is_own[item] != user:
                items[user, place] = item
                place += 1


@compiled
def positions_within(scores, tie_order, rows, starts, stops):
    """Position, from 0, of each of ``rows`` among the scores from its start to its stop.

    ``scores`` and ``tie_order`` have the shape (n,); ``rows``, ``starts`` and ``stops`` (m,).
    Returns int64, shape (m,).
    """
    found = np.zeros(len(rows), np.int64)
    for m in range(len(rows)):
        score, order = scores[rows[m]], tie_order[rows[m]]
        for i in range(starts[m], stops[m]):
            if scores[i] > score or (scores[i] == score and tie_order[i] < order):
                found[m] += 1
    return found


@compiled
def dot(one, other):
    """Inner product of two vectors, added up in their order."""
    total = np.float32(0)
    for f in range(len(one)):
        total += one[f] * other[f]
    return total
