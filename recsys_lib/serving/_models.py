"""The open models of one version, and what every kind of question needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from recsys_lib.als import AlsModel
from recsys_lib.blend import BlendModel
from recsys_lib.columns import Answers
from recsys_lib.errors import NotTrainedError, UnknownItemError
from recsys_lib.ids import IdMap
from recsys_lib.paths import Dataset
from recsys_lib.registry import run_command
from recsys_lib.search import Filters, ProductSearch
from recsys_lib.serving._answers import AnswerTables
from recsys_lib.serving._checks import (
    check_count,
    check_flag,
    check_share,
    checked_ids,
    other_spelling,
)
from recsys_lib.serving._items import AllItems
from recsys_lib.serving._lists import ListOptions, Ranked
from recsys_lib.serving._process import mark_open
from recsys_lib.serving._rankings import Rankings

_UNKNOWN_ITEM = "it has no ratings and is not in the catalogue"
NO_LIKES_NO_TEXT = "nobody liked it, and it has no text in the catalogue"

FilterArgument = Filters | dict[str, Any] | None


@dataclass(frozen=True)
class Wishes:
    """What a list must be like, checked.

    Parameters
    ----------
    options: length, variety and variants.
    filters, exclude: conditions, and ids to leave out.
    allowed: the items that meet both, bool, shape (items,); None for all.
    """

    options: ListOptions
    filters: Filters
    exclude: list[str]
    allowed: np.ndarray | None

    def eligible(self, n_items: int, without: np.ndarray | Sequence[int] = ()) -> np.ndarray:
        """The allowed items but for some rows, as a mask of all items."""
        mask = np.ones(n_items, dtype=bool) if self.allowed is None else self.allowed.copy()
        mask[np.asarray(without, dtype=np.int64)] = False
        return mask


class OpenModels:
    """The parts of a version. :class:`Recommender` adds the questions.

    Attributes
    ----------
    items: all items that the parts know.
    rankings: rankings of them by likes and by text.
    """

    def __init__(
        self,
        dataset: Dataset,
        als: AlsModel | None,
        product_search: ProductSearch | None,
        version: str = "",
        blend: BlendModel | None = None,
    ) -> None:
        self.dataset, self.version = dataset, version
        self.als, self.product_search, self.blend = als, product_search, blend
        mark_open()
        self._parts = [part for part in (product_search, als) if part is not None]
        self.items = AllItems(als, product_search, blend, run_command(dataset))
        self._tables = AnswerTables([part.display for part in self._parts], self.items)
        self.rankings = Rankings(self.items, als, product_search)

    def _wishes(
        self,
        n: int,
        filters: FilterArgument = None,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        group_variants: bool = True,
    ) -> Wishes:
        """The arguments that all lists have in common, checked."""
        check_count("n", n)
        check_share("diversity", diversity)
        check_flag("group_variants", group_variants)
        left_out = checked_ids("exclude", exclude, self._item_ids)
        conditions = Filters.from_dict(filters)
        allowed = self.items.allowed(conditions, left_out)
        options = ListOptions(n, group_variants, float(diversity))
        return Wishes(options, conditions, left_out, allowed)

    def _list(self, query: str, ranked: Ranked, wishes: Wishes) -> pd.DataFrame:
        """The answer to a question: the items that the wishes choose from a ranking."""
        rows, scores = wishes.options.choose(ranked, self.items)
        answer = self._tables.answer(query, rows, scores, ranked.source)
        if ranked.far is not None:
            answer[Answers.FAR] = ranked.far(rows)
        if ranked.reasons is not None:
            reasons = ranked.reasons(rows)
            answer[Answers.SOURCE] = [reason.source for reason in reasons]
            answer[Answers.REASON] = [reason.text for reason in reasons]
        if wishes.options.group_variants:
            answer[Answers.VARIANTS] = [self._variants(row, ranked) for row in rows.tolist()]
        return answer

    def _variants(self, row: int, ranked: Ranked) -> list[str]:
        """Ids of the variants for which a row stands."""
        if not self.items.has_variants:
            return []
        others = self.items.variants(row)
        return list(self.items.ids.ids(others[ranked.eligible[others]]))

    @property
    def _item_ids(self) -> list[IdMap]:
        return [part.items for part in self._parts]

    def _require_known(self, item_ids: Sequence[str]) -> None:
        for item_id in item_ids:
            if not any(item_id in ids for ids in self._item_ids):
                hint = other_spelling(item_id, self._item_ids) or _UNKNOWN_ITEM
                raise UnknownItemError(item_id, hint)

    def _require_blend(self) -> BlendModel:
        if self.blend is None:
            raise NotTrainedError(f"this version has no blend: {run_command(self.dataset)}")
        return self.blend

    def require_als(self) -> AlsModel:
        """Matrix factorization; NotTrainedError names the command that trains it."""
        if self.als is None:
            raise NotTrainedError(
                f"matrix factorization is not trained: {run_command(self.dataset)}"
            )
        return self.als

    def _require_search(self) -> ProductSearch:
        if self.product_search is None:
            raise NotTrainedError(f"the search index is not built: {run_command(self.dataset)}")
        return self.product_search
