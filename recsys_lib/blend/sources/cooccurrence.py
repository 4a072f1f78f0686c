"""Which items users take after an item, and which together with it: item-to-item weights.

Every pair of items in a history counts, less the farther apart the two are: half for every
``HALF_DISTANCE`` items between them. Pairs of long histories count less, because they say little
(divided by log2(1 + length)). Pairs more than ``WINDOW`` items apart do not count. Items of one
moment have no order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import Training
from recsys_lib.blend.sources.item_weights import KEPT, ItemWeights
from recsys_lib.compiled import compiled
from recsys_lib.ranking import keep_largest

HALF_DISTANCE = 10.0
WINDOW = 50
_PAIRS_AT_ONCE = 20_000_000  # 240 MB


@dataclass(frozen=True)
class Successors(ItemWeights):
    """What is taken after the items of the history."""

    name, additive = "after", True

    @classmethod
    def train(cls, training: Training) -> Self:
        """Count on all histories."""
        return cls(successors(training.once(pair_counts), training.popularity))


@dataclass(frozen=True)
class Companions(ItemWeights):
    """What is taken together with the items of the history, before or after them."""

    name, additive = "together", True

    @classmethod
    def train(cls, training: Training) -> Self:
        """Count on all histories."""
        return cls(companions(training.once(pair_counts), training.popularity))


def pair_counts(histories: Histories) -> sparse.csr_matrix:
    """float32, shape (items, items): the weight of pairs (a, b) where b was taken after a."""
    shape = (histories.n_items, histories.n_items)
    sizes = _count_pairs(histories.indptr, histories.newer)
    total = sparse.csr_matrix(shape, dtype=np.float32)
    block = np.cumsum(sizes) // _PAIRS_AT_ONCE
    for number in np.unique(block):
        users = np.flatnonzero(block == number)
        some, n = histories.take(users), int(sizes[users].sum())
        before, after = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
        weights = np.empty(n, dtype=np.float32)
        _write_pairs(
            some.indptr,
            some.items,
            some.newer,
            some.strength,
            before,
            after,
            weights,
        )
        total = total + sparse.csr_matrix((weights, (before, after)), shape=shape)
    total.eliminate_zeros()
    return total


def successors(counts: sparse.csr_matrix, popularity: np.ndarray) -> sparse.csr_matrix:
    """Weights from an item to what is taken after it.

    counts / (popularity before^0.5 popularity after^0.1): the small second exponent keeps popular
    successors in front, for what comes next is often what many take.
    """
    return keep_largest(_scaled(counts, popularity, 0.5, 0.1), KEPT)


def companions(counts: sparse.csr_matrix, popularity: np.ndarray) -> sparse.csr_matrix:
    """Weights from an item to what is taken with it, in any order.

    counts / sqrt(popularity of the one times that of the other): a cosine of co-occurrence.
    """
    return keep_largest(_scaled(counts + counts.T, popularity, 0.5, 0.5), KEPT)


def _scaled(
    counts: sparse.csr_matrix, popularity: np.ndarray, before: float, after: float
) -> sparse.csr_matrix:
    users = np.maximum(popularity, 1).astype(np.float32)
    scaled = sparse.diags(users**-before) @ counts @ sparse.diags(users**-after)
    return sparse.csr_matrix(scaled, dtype=np.float32)


@compiled
def _count_pairs(indptr: np.ndarray, newer: np.ndarray) -> np.ndarray:
    """Number of weights that ``_write_pairs`` writes for each user, int64 (users,)."""
    counts = np.zeros(len(indptr) - 1, np.int64)
    for user in range(len(counts)):
        start, stop = indptr[user], indptr[user + 1]
        begin = start
        while begin < stop:
            end = _end_of_basket(newer, begin, stop)
            size = end - begin
            if size > 1 and (size + 1) / 3 <= WINDOW:
                counts[user] += size * (size - 1)
            other = end
            while other < stop:
                other_end = _end_of_basket(newer, other, stop)
                if (other + other_end - begin - end) / 2 > WINDOW:
                    break
                counts[user] += size * (other_end - other)
                other = other_end
            begin = end
    return counts


@compiled
def _write_pairs(
    indptr: np.ndarray,
    items: np.ndarray,
    newer: np.ndarray,
    strength: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    weights: np.ndarray,
) -> None:
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
            if end - begin > 1 and distance <= WINDOW:
                weight = 0.5 * discount * 0.5 ** ((distance - 1) / HALF_DISTANCE)
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
                if distance > WINDOW:
                    break
                weight = discount * 0.5 ** ((distance - 1) / HALF_DISTANCE)
                for a in range(begin, end):
                    for b in range(other, other_end):
                        before[n], after[n] = items[a], items[b]
                        weights[n] = weight * strength[a] * strength[b]
                        n += 1
                other = other_end
            begin = end


@compiled
def _end_of_basket(newer: np.ndarray, begin: int, stop: int) -> int:
    end = begin + 1
    while end < stop and newer[end] == newer[begin]:
        end += 1
    return end
