"""The lists of similar items of all items, as :meth:`Recommender.similar_items` gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy import sparse

from recsys_lib.als import AlsModel
from recsys_lib.ranking import NO_ITEM, MaximumInnerProduct
from recsys_lib.serving._items import AllItems
from recsys_lib.serving._lists import ListOptions
from recsys_lib.serving._rankings import Rankings
from recsys_lib.serving.export._variants import Lists, one_of_each

_COMPUTED = 8192  # lists at once


@dataclass(frozen=True)
class SimilarLists:
    """Lists of the items that are most similar to each item of ALS.

    Parameters
    ----------
    als: whose items.
    rankings: the texts among them give the lists of items that nobody liked.
    """

    als: AlsModel
    rankings: Rankings

    @property
    def items(self) -> AllItems:
        """What the positions in the lists stand for."""
        return self.rankings.items

    def blocks(self, n: int, block: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Positions and scores of n items for each item, at most ``block`` items at once.

        int32 and float32, shape (items of the block, n); -1 where there is none.
        """
        learned, groups = self._learned, self.items.groups if self.items.has_variants else None
        block = min(_COMPUTED, block)
        for start in range(0, len(self.als.items), block):
            stop = min(start + block, len(self.als.items))
            items = np.full((stop - start, n), NO_ITEM, dtype=np.int32)
            scores = np.zeros((stop - start, n), dtype=np.float32)
            mine = slice(*np.searchsorted(learned, [start, stop]))
            if mine.start < mine.stop:
                rows = learned[mine] - start
                best = partial(self._near_likes, mine.start)
                items[rows], scores[rows] = one_of_each(best, len(rows), n, groups)
            for row in np.flatnonzero(~self.als.learned[start:stop]):
                found, cosines = self._near_text(start + int(row), n)
                items[row, : len(found)], scores[row, : len(found)] = found, cosines
            yield items, scores

    def _near_text(self, row: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        ranked = self.rankings.near_text([str(self.als.items.ids([row])[0])], None)
        if ranked is None:
            return np.empty(0, dtype=np.int64), np.empty(0)
        return ListOptions(n).choose(ranked, self.items)

    def _near_likes(self, first: int, lists: np.ndarray, n: int) -> Lists:
        """The nearest of some learned items, numbered from ``first`` on; n may exceed them all."""
        rows, most = first + lists, min(n, len(self._learned))
        best, cosines = self._ranker.best(self._directions[rows], self._itself[rows], most)
        items = np.full((len(rows), n), NO_ITEM, dtype=np.int32)
        scores = np.zeros((len(rows), n), dtype=np.float32)
        place = np.append(self._learned, NO_ITEM).astype(np.int32)  # the last one: "none"
        items[:, :most], scores[:, :most] = place[best], cosines
        return items, scores

    @cached_property
    def _learned(self) -> np.ndarray:
        return np.flatnonzero(self.als.learned)

    @cached_property
    def _directions(self) -> np.ndarray:
        factors = self.als.model.item_factors[self._learned]
        return factors / np.linalg.norm(factors, axis=1, keepdims=True)

    @cached_property
    def _itself(self) -> sparse.csr_matrix:
        return sparse.identity(len(self._learned), np.float32, "csr")

    @cached_property
    def _ranker(self) -> MaximumInnerProduct:
        return MaximumInnerProduct.from_factors(self._directions)
