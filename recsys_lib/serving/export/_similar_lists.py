"""The lists of similar items of all items, as :meth:`Recommender.similar_items` gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als import AlsModel
from recsys_lib.ids import IdMap
from recsys_lib.ranking import NO_ITEM, MaximumInnerProduct
from recsys_lib.search import ProductSearch
from recsys_lib.serving._similar import by_text

_COMPUTED = 8192  # lists at once


@dataclass(frozen=True)
class SimilarLists:
    """Lists of the items that are most similar to each item of ALS.

    Parameters
    ----------
    als: whose items.
    search: finds the lists of items that nobody liked; None: these have no list.
    """

    als: AlsModel
    search: ProductSearch | None

    @cached_property
    def items(self) -> IdMap:
        """Ids behind the positions in the lists: items of ALS, then products with text alone."""
        if self.search is None:
            return self.als.items
        products = self.search.items.series()
        rated = self.als.items.series()
        return IdMap(pl.concat([rated, products.filter(~products.is_in(rated.implode()))]))

    def blocks(self, n: int, block: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions and scores of n items for each item, at most ``block`` items at once.

        int32 and float32, shape (items of the block, n); -1 where there is none.
        """
        learned = np.flatnonzero(self.als.learned)
        factors = self.als.model.item_factors[learned]
        directions = factors / np.linalg.norm(factors, axis=1, keepdims=True)
        itself = sparse.identity(len(learned), np.float32, "csr")
        ranker = MaximumInnerProduct.from_factors(directions) if len(learned) else None
        place = np.append(learned, NO_ITEM).astype(np.int32)  # the last one stands for "none"
        block = min(_COMPUTED, block)
        for start in range(0, len(self.als.items), block):
            stop = min(start + block, len(self.als.items))
            items = np.full((stop - start, n), NO_ITEM, dtype=np.int32)
            scores = np.zeros((stop - start, n), dtype=np.float32)
            mine = slice(*np.searchsorted(learned, [start, stop]))
            if ranker is not None and mine.start < mine.stop:
                best, cosines = ranker.best(directions[mine], itself[mine], min(n, len(learned)))
                rows = learned[mine] - start
                items[rows, : best.shape[1]] = place[best]
                scores[rows, : best.shape[1]] = cosines
            for row in np.flatnonzero(~self.als.learned[start:stop]):
                found, cosines = self._near_text(start + int(row), n)
                items[row, : len(found)], scores[row, : len(found)] = found, cosines
            yield items, scores

    def _near_text(self, row: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        near = by_text(self.search, str(self.als.items.ids([row])[0]), n)
        if near is None:
            return np.empty(0, dtype=np.int64), np.empty(0)
        return self.items.rows(list(near.ids)), near.scores
