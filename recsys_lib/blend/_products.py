"""A candidate source whose scores are inner products, asked only for the highest of each user."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import CandidateSource
from recsys_lib.errors import ScoreError
from recsys_lib.ranking import NO_ITEM, HighestProduct


@dataclass(frozen=True)
class Products:
    """A source whose scores are inner products.

    Parameters
    ----------
    source: gives the vectors of users.
    vectors: of items, float32, shape (items, dimension), to be written to by nobody.
    highest: finds the item with the highest product.
    nearest: for each item, int32, the item with the highest product for those who took it alone;
        -1 where that is not known. It saves time for other histories that end with the item.
    """

    source: CandidateSource
    vectors: np.ndarray
    highest: HighestProduct
    nearest: np.ndarray

    @classmethod
    def from_source(cls, source: CandidateSource) -> Products | None:
        """Prepare; None where scores are something else."""
        vectors = source.item_vectors
        if vectors is None:
            return None
        vectors = finite_vectors(vectors, source)
        nearest = np.full(len(vectors), NO_ITEM, dtype=np.int32)
        return cls(source, vectors, HighestProduct.from_factors(vectors), nearest)

    def asked(self, histories: Histories, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of all users, and for ``users`` their highest product with a new item.

        Shapes (all users, dimension), zeros for others, and (all users,), 0 where none is positive.
        """
        some = histories.take(users)
        vectors = np.zeros((len(histories), self.vectors.shape[1]), dtype=np.float32)
        vectors[users] = mine = finite_vectors(self.source.user_vectors(some), self.source)
        newest = some.items[some.indptr[1:] - 1]
        seen = some.matrix(np.ones(len(some.items), dtype=np.float32))
        found = self.highest.of(mine, seen, self.nearest[newest])
        alone = some.lengths == 1
        self.nearest[newest[alone]] = found[alone]
        there = found != NO_ITEM
        highest = np.zeros(len(histories), dtype=np.float32)
        highest[users[there]] = (mine[there] * self.vectors[found[there]]).sum(axis=1)
        return vectors, highest

    @cached_property
    def scored(self) -> np.ndarray:
        """1 for items that may have a score, 0 for those without a vector; float32, (items,)."""
        return np.asarray(self.vectors.any(axis=1), dtype=np.float32)


def finite_vectors(vectors: np.ndarray, source: CandidateSource) -> np.ndarray:
    """``vectors`` of a source, of the kind that compiled code takes: no memory map, in rows.

    ScoreError where one is not finite.
    """
    if not np.isfinite(vectors).all():
        raise ScoreError(f"{type(source).__name__} gave NaN or infinity, which cannot be ranked")
    return np.require(vectors, np.float32, ["C", "W"])
