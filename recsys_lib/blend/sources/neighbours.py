"""Item-kNN: items that the same users have, whatever the order; weights by cosine and by BM25."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from recsys_lib.als import item_similarity
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import Training
from recsys_lib.blend.sources.item_weights import ItemWeights

NEIGHBOURS = 100
"""How many neighbours of each item are kept."""


@dataclass(frozen=True)
class CosineNeighbours(ItemWeights):
    """Cosine of the users of two items. Reference: Sarwar et al. (2001)."""

    name: ClassVar[str] = "cosine"
    similarity: ClassVar[str] = "cosine"

    @classmethod
    def train(cls, training: Training) -> Self:
        """Compare all items."""
        return cls(item_similarity(training.once(taken), cls.similarity, NEIGHBOURS))


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
