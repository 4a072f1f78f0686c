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
from recsys_lib.blend.sources._pairs import count_pairs, write_pairs
from recsys_lib.blend.sources.base import Training
from recsys_lib.blend.sources.item_weights import KEPT, ItemWeights
from recsys_lib.ranking import keep_largest

HALF_DISTANCE = 10.0
WINDOW = 50
_PAIRS_AT_ONCE = 20_000_000  # 240 MB


@dataclass(frozen=True)
class Successors(ItemWeights):
    """What is taken after the items of the history."""

    name = "after"

    @classmethod
    def train(cls, training: Training) -> Self:
        """Count on all histories."""
        return cls(successors(training.once(pair_counts), training.popularity))


@dataclass(frozen=True)
class Companions(ItemWeights):
    """What is taken together with the items of the history, before or after them."""

    name = "together"

    @classmethod
    def train(cls, training: Training) -> Self:
        """Count on all histories."""
        return cls(companions(training.once(pair_counts), training.popularity))


def pair_counts(histories: Histories) -> sparse.csr_matrix:
    """float32, shape (items, items): the weight of pairs (a, b) where b was taken after a."""
    shape = (histories.n_items, histories.n_items)
    sizes = count_pairs(histories.indptr, histories.newer, WINDOW)
    total = sparse.csr_matrix(shape, dtype=np.float32)
    block = np.cumsum(sizes) // _PAIRS_AT_ONCE
    for number in np.unique(block):
        users = np.flatnonzero(block == number)
        some, n = histories.take(users), int(sizes[users].sum())
        before, after = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
        weights = np.empty(n, dtype=np.float32)
        write_pairs(
            some.indptr,
            some.items,
            some.newer,
            some.strength,
            HALF_DISTANCE,
            WINDOW,
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
