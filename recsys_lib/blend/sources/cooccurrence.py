"""Which items users take after an item, and which together with it: item-to-item weights.

Every pair of items in a history counts, less the farther apart the two are: half for every
``HALF_DISTANCE`` items between them. Pairs of long histories count less, because they say little
(divided by log2(1 + length)). Pairs more than ``WINDOW`` items apart do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import CandidateSource, ServedParts, Training
from recsys_lib.ranking import keep_largest

HALF_DISTANCE = 10.0
WINDOW = 50
KEPT = 500
"""How many neighbours of each item are kept, those of the largest weights."""


@dataclass(frozen=True)
class _Neighbours(CandidateSource):
    """Items near those of the history: item-to-item weights, added up with recent items first.

    ``weights`` is CSR of shape (items, items), from an item of the history to others.
    """

    forgets = True

    weights: sparse.csr_matrix

    def arrays(self) -> dict[str, np.ndarray]:
        """The three arrays of the CSR matrix."""
        weights = self.weights
        return {"data": weights.data, "indices": weights.indices, "indptr": weights.indptr}

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], parts: ServedParts) -> Self:
        """From the memory-mapped arrays; products without interactions have no neighbours."""
        n, indptr = len(parts.items), arrays["indptr"]
        indptr = np.pad(indptr, (0, n + 1 - len(indptr)), mode="edge")
        return cls(sparse.csr_matrix((arrays["data"], arrays["indices"], indptr), shape=(n, n)))

    def scores(self, histories: Histories) -> np.ndarray:
        """Sum of recency times weight over the history."""
        recency = histories.recency(self.half_life)
        return np.asarray((histories.matrix(recency) @ self.weights).toarray())

    def contributions(self, history: Histories, items: np.ndarray) -> np.ndarray:
        """Recency times weight."""
        weights = self.weights[history.items][:, items].toarray()
        return weights.T * history.recency(self.half_life)


@dataclass(frozen=True)
class Successors(_Neighbours):
    """What is taken after the items of the history."""

    name = "after"

    @classmethod
    def train(cls, training: Training) -> Self:
        """Count on all histories."""
        return cls(successors(training.once(pair_counts), training.popularity))


@dataclass(frozen=True)
class Companions(_Neighbours):
    """What is taken together with the items of the history, before or after them."""

    name = "together"

    @classmethod
    def train(cls, training: Training) -> Self:
        """Count on all histories."""
        return cls(companions(training.once(pair_counts), training.popularity))


def pair_counts(histories: Histories) -> sparse.csr_matrix:
    """float32, shape (items, items): the weight of pairs (a, b) where b was taken after a."""
    user, items, liked = histories.user, histories.items, histories.confidences > 0
    discount = (1 / np.log2(1 + np.maximum(histories.lengths, 1))).astype(np.float32)
    shape = (histories.n_items, histories.n_items)
    counts = sparse.csr_matrix(shape, dtype=np.float32)
    for distance in range(1, min(WINDOW, len(items) - 1) + 1):
        same = (user[distance:] == user[:-distance]) & liked[distance:] & liked[:-distance]
        weights = discount[user[distance:][same]] * np.float32(
            0.5 ** ((distance - 1) / HALF_DISTANCE)
        )
        pairs = (items[:-distance][same], items[distance:][same])
        counts = counts + sparse.csr_matrix((weights, pairs), shape=shape)
    return counts


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
