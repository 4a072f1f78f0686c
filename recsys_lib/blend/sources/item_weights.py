"""Sources that are item-to-item weights, added up over a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import CandidateSource, ServedParts

KEPT = 500
"""How many neighbours of each item are kept, those of the largest weights."""


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

    def scores(self, histories: Histories) -> np.ndarray:
        """Sum of recency times weight over the history."""
        recency = histories.recency(self.half_life)
        return np.asarray((histories.matrix(recency) @ self.weights).toarray())

    def contributions(self, history: Histories, items: np.ndarray) -> np.ndarray:
        """Recency times weight."""
        weights = self.weights[history.items][:, items].toarray()
        return weights.T * history.recency(self.half_life)
