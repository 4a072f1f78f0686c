"""The best of many scores, compiled: one look at each, as nearly none is among the best."""

from __future__ import annotations

from recsys_lib.compiled import compiled

_RUN = 32  # scores that are compared at once


@compiled
def select(scores, turns, best, items):
    """Fill each row of ``items`` with the places of the highest scores, best first.

    ``scores`` is float32 (rows, n), ``items`` int32 (rows, k) full of -1, ``best`` float32
    (rows, k) full of -infinity, which is filled with their scores. Of equal scores the one of
    lower ``turns`` (int32, a permutation of n) comes first; a score of -infinity is never taken.
    """
    for r in range(len(scores)):
        _look_through(scores[r], turns, best[r], items[r])


@compiled
def _look_through(scores, turns, best, items):
    """Insert what is better than the worst kept; nearly always nothing in a whole run is."""
    worst, last = best[-1], -1
    for start in range(0, len(scores), _RUN):
        stop = min(start + _RUN, len(scores))
        as_good = 0
        for i in range(start, stop):
            as_good += scores[i] >= worst
        if as_good:
            for i in range(start, stop):
                score = scores[i]
                if score > worst or (score == worst and last >= 0 and turns[i] < turns[last]):
                    _insert(best, items, score, i, turns)
                    worst, last = best[-1], items[-1]


@compiled
def _insert(best, items, score, item, turns):
    n = len(items) - 1
    while n > 0 and _is_before(score, item, best[n - 1], items[n - 1], turns):
        best[n], items[n] = best[n - 1], items[n - 1]
        n -= 1
    best[n], items[n] = score, item


@compiled
def _is_before(score, item, other_score, other, turns):
    if score != other_score:
        return score > other_score
    return other >= 0 and turns[item] < turns[other]
