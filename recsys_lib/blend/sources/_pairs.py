"""Compiled counting of the pairs of items in histories."""

from __future__ import annotations

import numpy as np

from recsys_lib.compiled import compiled


@compiled
def count_pairs(indptr, newer, window):
    """Number of weights that :func:`write_pairs` writes for each user, int64 (users,)."""
    counts = np.zeros(len(indptr) - 1, np.int64)
    for user in range(len(counts)):
        start, stop = indptr[user], indptr[user + 1]
        begin = start
        while begin < stop:
            end = _end_of_basket(newer, begin, stop)
            size = end - begin
            if size > 1 and (size + 1) / 3 <= window:
                counts[user] += size * (size - 1)
            other = end
            while other < stop:
                other_end = _end_of_basket(newer, other, stop)
                if (other + other_end - begin - end) / 2 > window:
                    break
                counts[user] += size * (other_end - other)
                other = other_end
            begin = end
    return counts


@compiled
def write_pairs(indptr, items, newer, strength, half_distance, window, before, after, weights):
    """Write every pair (before, after) and its weight, user by user.

    Items of one moment are a basket: no order inside it counts. A pair of one basket is counted
    both ways with half the weight, at the mean distance of two places in a random order. Items of
    different baskets are as far apart as the middles of their baskets.
    """
    n = 0
    for user in range(len(indptr) - 1):
        start, stop = indptr[user], indptr[user + 1]
        # A long history says little about each of its pairs.
        discount = 1 / np.log2(1 + max(stop - start, 1))
        begin = start
        while begin < stop:
            end = _end_of_basket(newer, begin, stop)
            distance = (end - begin + 1) / 3
            if end - begin > 1 and distance <= window:
                weight = 0.5 * discount * 0.5 ** ((distance - 1) / half_distance)
                for a in range(begin, end):
                    for b in range(begin, end):
                        if a != b:
                            before[n], after[n] = items[a], items[b]
                            weights[n] = weight * strength[a] * strength[b]
                            n += 1
            other = end
            while other < stop:
                other_end = _end_of_basket(newer, other, stop)
                distance = (other + other_end - begin - end) / 2
                if distance > window:
                    break
                weight = discount * 0.5 ** ((distance - 1) / half_distance)
                for a in range(begin, end):
                    for b in range(other, other_end):
                        before[n], after[n] = items[a], items[b]
                        weights[n] = weight * strength[a] * strength[b]
                        n += 1
                other = other_end
            begin = end


@compiled
def _end_of_basket(newer, begin, stop):
    end = begin + 1
    while end < stop and newer[end] == newer[begin]:
        end += 1
    return end
