"""Every part of a version as a ranking of all items, for one kind of question each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recsys_lib import blend as blends
from recsys_lib.als import AlsModel
from recsys_lib.blend import Repeats
from recsys_lib.search import Mode, ProductSearch
from recsys_lib.serving._items import AllItems
from recsys_lib.serving._ranked import Hits, Ranked

By = Literal["als", "text", "blend"]
ALS: Literal["als"] = "als"
SEMANTIC = "semantic"

Allowed = np.ndarray | None
"""Which items may be in a list, bool, shape (items,); None for all."""


def by_blend(ranking: blends.Ranking) -> Ranked:
    """As the blend ranks; its rows are those of all items."""
    return Ranked(ranking.best, ranking.eligible, reasons=ranking.reasons)


@dataclass(frozen=True)
class Rankings:
    """Rankings by likes and by text.

    Parameters
    ----------
    items: all items; those of ALS come first, in its order.
    als, search: the parts; None for one that the version does not have.
    """

    items: AllItems
    als: AlsModel | None
    search: ProductSearch | None

    def for_user(self, als: AlsModel, row: int, repeats: Repeats, allowed: Allowed) -> Ranked:
        """What matrix factorization recommends to a user."""
        mine, history = self._of_als(als, allowed), als.history(row)
        eligible = self._eligible(allowed, len(als.items))
        if repeats == "exclude":
            eligible[history] = False
        elif repeats == "only":
            eligible &= np.isin(np.arange(len(eligible)), history)
        return Ranked(lambda n: als.recommend(row, n, repeats, mine), eligible, ALS)

    def for_history(self, history: Sequence[str], allowed: Allowed) -> Ranked | None:
        """By likes where somebody liked one of the items, else by text; None where neither is."""
        if self.als is not None:
            als = self.als
            rated = als.items.rows(history, missing="negative")
            learned = rated[(rated >= 0) & als.learned[rated]]
            if len(learned):
                mine = self._eligible(allowed, len(als.items), history)
                of_als = mine[: len(als.items)]
                return Ranked(lambda n: als.recommend_for_rows(learned, n, of_als), mine, ALS)
        return self.near_text(history, allowed)

    def near_likes(self, item_id: str, allowed: Allowed) -> Ranked | None:
        """Items that the same users like; None where nothing was learned about the item."""
        if self.als is None or item_id not in self.als.items:
            return None
        als, row = self.als, self.als.items.row(item_id)
        if not als.learned[row]:
            return None
        eligible = self._eligible(allowed, len(als.items), [item_id])
        eligible[: len(als.items)] &= als.learned
        return Ranked(lambda n: als.similar(row, n, eligible[: len(als.items)]), eligible, ALS)

    def near_text(self, item_ids: Sequence[str], allowed: Allowed) -> Ranked | None:
        """Products of nearest text; None where no item has a text, or there is no index."""
        if self.search is None:
            return None
        search, products = self.search, self.search.items.rows(item_ids, missing="negative")
        given = products[products >= 0]
        if not len(given):
            return None
        eligible = self._eligible(allowed, None, item_ids)
        mine = eligible[self.items.of_products] if allowed is not None else None

        def best(n: int) -> Hits:
            rows, scores = search.near(given, n, mine)
            return self.items.of_products[rows], scores

        return Ranked(best, eligible, SEMANTIC)

    def for_query(self, query: str, mode: Mode, allowed: Allowed) -> Ranked:
        """Products whose text answers a query."""
        search = self.search
        assert search is not None
        mine = None if allowed is None else allowed[self.items.of_products]

        def best(n: int) -> Hits:
            rows, scores = search.search(query, n, mode=mode, allowed=mine)
            return self.items.of_products[rows], scores

        def far(rows: np.ndarray) -> np.ndarray:
            if mode == "lexical":  # found by words, so near; and there may be no encoder
                return np.zeros(len(rows), dtype=bool)
            return search.far(query, self.items.products[rows])

        return Ranked(best, self._eligible(allowed, None), mode, far=far)

    def _of_als(self, als: AlsModel, allowed: Allowed) -> Allowed:
        return None if allowed is None else allowed[: len(als.items)]

    def _eligible(
        self, allowed: Allowed, n_als: int | None, without: Sequence[str] = ()
    ) -> np.ndarray:
        """Allowed items but for some; of ``n_als`` items of ALS or, with None, of all products."""
        mask = np.ones(len(self.items), dtype=bool) if allowed is None else allowed.copy()
        if n_als is None:
            mask &= self.items.products >= 0
        else:
            mask[n_als:] = False
        if without:
            rows = self.items.ids.rows(list(without), missing="negative")
            mask[rows[rows >= 0]] = False
        return mask
