"""Item-to-item weights, added up over a history. The simplest are those of item-kNN.

Item-kNN: items that the same users have, whatever the order; weights by cosine and by BM25.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys_lib.als import item_similarity
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import CandidateSource, ServedParts, Training

KEPT = 500
"""How many weights of an item are kept at most, the largest ones."""
NEIGHBOURS = 100
"""How many neighbours an item has in item-kNN."""


@dataclass(frozen=True)
class ItemWeights(CandidateSource):
    """Score of an item: sum over the history of recency times weight.

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

    @classmethod
    def renumbered(
        cls, arrays: Mapping[str, np.ndarray], rows: np.ndarray, n_items: int
    ) -> dict[str, np.ndarray]:
        """The same weights between the items that are left; new items have none."""
        before = np.repeat(rows, np.diff(arrays["indptr"]))
        after = rows[arrays["indices"]]
        kept = (before >= 0) & (after >= 0)
        cells = (arrays["data"][kept], (before[kept], after[kept]))
        weights = sparse.csr_matrix(cells, shape=(n_items, n_items))
        return cls(weights).arrays()

    def scores(self, histories: Histories) -> np.ndarray:
        """Sum of recency times weight over the history."""
        return np.asarray(self._sums(histories).toarray())

    def compact(self, histories: Histories) -> sparse.csr_matrix:
        """The same for the neighbours of the history, which are the only ones with a score."""
        return self._sums(histories)

    def _sums(self, histories: Histories) -> sparse.csr_matrix:
        recency = histories.recency(self.half_life)
        return sparse.csr_matrix(histories.matrix(recency) @ self.weights, dtype=np.float32)

    def contributions(self, history: Histories, items: np.ndarray) -> np.ndarray:
        """Recency times weight."""
        weights = self.weights[history.items][:, items].toarray()
        return weights.T * history.recency(self.half_life)


@dataclass(frozen=True)
class CosineNeighbours(ItemWeights):
    """Cosine of the users of two items. Reference: Sarwar et al. (2001)."""

    name: ClassVar[str] = "cosine"
    additive = True
    similarity: ClassVar[str] = "cosine"

    @classmethod
    def train(cls, training: Training) -> Self:
        """Compare all items."""
        weights = item_similarity(training.once(taken), cls.similarity, NEIGHBOURS)
        return cls(weights.astype(np.float32))


@dataclass(frozen=True)
class Bm25Neighbours(CosineNeighbours):
    """The same with users weighted by BM25: who has few items says more about each."""

    name: ClassVar[str] = "bm25"
    similarity: ClassVar[str] = "bm25"


def taken(histories: Histories) -> sparse.csr_matrix:
    """Strength of each item that a user has, float32, shape (users, items), indices sorted."""
    user_items = histories.matrix(histories.strength.astype(np.float32))
    user_items.eliminate_zeros()
    user_items.sort_indices()
    return user_items
