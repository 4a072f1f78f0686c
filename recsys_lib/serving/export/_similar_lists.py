"""The lists of similar items of all items, as :meth:`Recommender.similar_items` gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys_lib.als import AlsModel
from recsys_lib.blend import BlendModel
from recsys_lib.ranking import NO_ITEM, MaximumInnerProduct, in_blocks
from recsys_lib.rules import Asked
from recsys_lib.serving._items import AllItems
from recsys_lib.serving._lists import ListOptions
from recsys_lib.serving._rankings import ALS, By, Rankings
from recsys_lib.serving.export._ruled import RuledLists
from recsys_lib.serving.export._variants import Lists, one_of_each

Labelled = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Items and scores of lists, and numbers of what the rules of the shop say of each item."""
_COMPUTED = 8192  # lists at once


@dataclass(frozen=True)
class SimilarLists:
    """Lists of the items that are most similar to each item of ALS.

    Parameters
    ----------
    als: whose items.
    rankings: texts and likes; each answers for the items that the other one does not know.
    blend: gives the lists where they go ``by`` it.
    by: what the lists go by.
    ruled: makes the lists keep the rules of the shop; None without rules.
    """

    als: AlsModel
    rankings: Rankings
    blend: BlendModel | None = None
    by: By = ALS
    ruled: RuledLists | None = None

    @property
    def items(self) -> AllItems:
        """What the positions in the lists stand for."""
        return self.rankings.items

    def blocks(self, n: int, block: int) -> Iterator[Labelled]:
        """Positions and scores of n items for each item, at most ``block`` items at once.

        int32 and float32, shape (items of the block, n); -1 where there is none. The third array
        has numbers of what rules say of the items; None without rules.
        """
        block = min(_COMPUTED, block)
        for start in range(0, len(self.als.items), block):
            rows = np.arange(start, min(start + block, len(self.als.items)))
            if self.by == "blend" and self.blend is not None:
                yield self._chosen(self._after, rows, n)
                continue
            items = np.full((len(rows), n), NO_ITEM, dtype=np.int32)
            scores = np.zeros((len(rows), n), dtype=np.float32)
            labels = None if self.ruled is None else np.full_like(items, NO_ITEM)
            liked, worded = self.als.learned[rows], self.items.products[rows] >= 0
            likes = liked & ~worded if self.by == "text" else liked
            texts = worded & ~likes
            if likes.any():
                items[likes], scores[likes], said = self._chosen(self._near_likes, rows[likes], n)
                if labels is not None and said is not None:
                    labels[likes] = said
            for place in np.flatnonzero(texts):
                near, cosines, moved = self._near_text(int(rows[place]), n)
                items[place, : len(near)], scores[place, : len(near)] = near, cosines
                if labels is not None and moved is not None:
                    labels[place, : len(near)] = moved
            yield items, scores, labels

    def _chosen(
        self, near: Callable[[np.ndarray, int], Lists], rows: np.ndarray, n: int
    ) -> Labelled:
        """The lists of some items, with one item for all variants and by the rules."""
        if self.ruled is not None:
            asked = [Asked("similar", item=row) for row in rows.tolist()]
            return self.ruled.arrange(
                lambda lists, n: near(rows[lists], n), asked, n, len(self.items)
            )
        groups = self.items.groups if self.items.has_variants else None
        found = one_of_each(lambda lists, n: near(rows[lists], n), len(rows), n, groups)
        return *found, None

    def _after(self, items: np.ndarray, n: int) -> Lists:
        """What the blend recommends to somebody who took one of the items alone."""
        blend = self.blend
        assert blend is not None
        found = in_blocks(lambda some: blend.best_after(some, n), items, len(self.items))
        best, scores = (np.concatenate(both) for both in zip(*found, strict=True))
        return best, scores

    def _near_text(self, row: int, n: int) -> Labelled:
        ranked = self.rankings.near_text([str(self.als.items.ids([row])[0])], None)
        if ranked is None:
            return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.int32)
        if self.ruled is not None:
            return self.ruled.arrange_one(ranked, Asked("similar", item=row), n)
        return *ListOptions(n).choose(ranked, self.items), None

    def _near_likes(self, items: np.ndarray, n: int) -> Lists:
        """The nearest of some learned items; n may exceed the number of items."""
        rows, most = np.searchsorted(self._learned, items), min(n, len(self._learned))
        best, cosines = self._ranker.best(self._directions[rows], self._itself[rows], most)
        found = np.full((len(rows), n), NO_ITEM, dtype=np.int32)
        scores = np.zeros((len(rows), n), dtype=np.float32)
        place = np.append(self._learned, NO_ITEM).astype(np.int32)  # the last one: "none"
        found[:, :most], scores[:, :most] = place[best], cosines
        return found, scores

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
