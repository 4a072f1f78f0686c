"""The best of many scores, compiled: one look at each, as nearly none is among the best."""

from __future__ import annotations

import numpy as np

from recsys_lib.compiled import compiled

_RUN = 32  # scores that are compared at once


@compiled
def select(scores, turns, best, items):
    """Fill each row of ``items`` with the places of the highest scores, best first.

    ``scores`` is float32 (rows, n), ``items`` int32 (rows, k) full of -1, ``best`` float32
    (rows, k) full of what scores must exceed, and is filled with them. Of equal scores the one of
    lower ``turns`` (int32, a permutation of n) comes first.
    """
    for r in range(len(scores)):
        _look_through(scores[r], turns, best[r], items[r])


@compiled
def _look_through(scores, turns, best, items):
    """Insert what is better than the worst kept; nearly always nothing in a whole run is."""
    worst, last = best[-1], -1
    for start in range(0, len(scores), _RUN):
        stop = min(start + _RUN, len(scores))
        highest = _highest(scores[start:stop])
        if highest > worst or (highest == worst and last >= 0):
            for i in range(start, stop):
                score = scores[i]
                if score > worst or (score == worst and last >= 0 and turns[i] < turns[last]):
                    _insert(best, items, score, i, turns)
                    worst, last = best[-1], items[-1]


@compiled
def _highest(scores):
    highest = scores[0]
    for score in scores:
        highest = max(highest, score)
    return highest


@compiled
def _insert(best, items, score, item, turns):
    """Put an item that is better than the last one into its place, found by halving."""
    place, stop = 0, len(items) - 1
    while place < stop:
        middle = (place + stop) // 2
        if _is_before(score, item, best[middle], items[middle], turns):
            stop = middle
        else:
            place = middle + 1
    for n in range(len(items) - 1, place, -1):
        best[n] = best[n - 1]
    for n in range(len(items) - 1, place, -1):
        items[n] = items[n - 1]
    best[place], items[place] = score, item


@compiled
def _is_before(score, item, other_score, other, turns):
    if score != other_score:
        return score > other_score
    return other >= 0 and turns[item] < turns[other]


@compiled
def places(scores, ties, rows, starts, stops):
    """How many scores from start to stop are better than that of each row; ties go to higher ties.

    ``scores`` and ``ties`` have the shape (n,), ``rows``, ``starts`` and ``stops`` (m,). Returns
    int64, shape (m,).
    """
    found = np.zeros(len(rows), np.int64)
    for m in range(len(rows)):
        score, tie = scores[rows[m]], ties[rows[m]]
        for i in range(starts[m], stops[m]):
            if scores[i] > score or (scores[i] == score and ties[i] > tie):
                found[m] += 1
    return found
