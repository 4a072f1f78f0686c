"""The best items of sources whose scores are inner products, without a score of every item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from recsys_lib.blend._products import finite_vectors
from recsys_lib.blend._relative import HistoryScorer, RowScores
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import CandidateSource
from recsys_lib.ranking import NO_ITEM, HighestProduct, best_products, products_at

_FEWEST_ITEMS = 20_000
"""Of fewer items a score of each is as cheap."""


@dataclass(frozen=True)
class ProductScores:
    """Inner products, of which only the best of each user were computed.

    Parameters
    ----------
    vectors: of users, float32, shape (users, dimension).
    item_vectors: float32, shape (items, dimension).
    items: the items with the highest products that a user does not have, best first, int32, shape
        (users, longest k); -1 where fewer are left.
    products: theirs, float32, the same shape.
    """

    vectors: np.ndarray
    item_vectors: np.ndarray
    items: np.ndarray
    products: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """What the relative score 1 stands for, float32, shape (users,)."""
        highest = self.products[:, 0]
        return np.where(highest > 0, highest, np.float32(1))

    def add(self, total: np.ndarray, trend: RowScores, weights: np.ndarray) -> None:
        """Add what these scores say to ``total``, (users, items), by ``weights``, (users, 4)."""
        self._rows.add(total, trend, weights)

    def relative(self) -> np.ndarray:
        """Relative scores, a new array, float32, shape (users, items)."""
        return self._rows.relative()

    @property
    def _rows(self) -> RowScores:
        return RowScores(self.vectors @ self.item_vectors.T, self.best)

    def at(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """Relative scores of these cells, shape (cells,)."""
        products = np.empty(len(user), dtype=np.float32)
        products_at(self.vectors, self.item_vectors, user, item, products)
        return np.clip(products / self.best[user], np.float32(0), np.float32(1))

    def top(self, k: int, tie_order: np.ndarray, own: Histories) -> tuple[np.ndarray, np.ndarray]:
        """The k best items that a user does not have, and their scores, shape (users, k)."""
        return self.items[:, :k], self.products[:, :k]

    def top_relative(self, k: int, tie_order: np.ndarray, own: Histories) -> np.ndarray:
        """The k items with the best relative scores above 0 that a user does not have; else -1."""
        return np.where(self.products[:, :k] > 0, self.items[:, :k], np.int32(NO_ITEM))


@dataclass(frozen=True)
class BestProducts:
    """The vectors of the items of a source, prepared for lists.

    Parameters
    ----------
    vectors: float32, shape (items, dimension).
    highest: finds the items with the highest products.
    """

    vectors: np.ndarray
    highest: HighestProduct

    @classmethod
    def of_sources(cls, sources: Iterable[HistoryScorer], k: int) -> dict[str, BestProducts]:
        """Prepare the sources for which it pays for lists of ``k``; by name.

        Sources of one name have the same item vectors, and different half-lives.
        """
        found: dict[str, BestProducts] = {}
        for source in sources:
            if not isinstance(source, CandidateSource) or source.name in found:
                continue
            vectors = source.item_vectors
            if vectors is not None and len(vectors) >= _FEWEST_ITEMS:
                prepared = finite_vectors(vectors, source)
                found[source.name] = cls(prepared, HighestProduct.from_factors(prepared, k))
        return found

    def scores(
        self, source: CandidateSource, histories: Histories, k: int, tie_order: np.ndarray
    ) -> ProductScores:
        """The k best items of each user; the source has these vectors and any half-life."""
        vectors = finite_vectors(source.user_vectors(histories), source)
        seen = histories.matrix(np.ones(len(histories.items), dtype=np.float32))
        found = best_products(self.highest, self.vectors, vectors, seen, k, tie_order)
        return ProductScores(vectors, self.vectors, *found)
