"""The open models of one version, and what every kind of question needs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from recsys_lib.als import AlsModel
from recsys_lib.blend import BlendModel, Repeats
from recsys_lib.columns import Answers
from recsys_lib.errors import NotTrainedError, UnknownItemError
from recsys_lib.ids import IdMap
from recsys_lib.paths import Dataset
from recsys_lib.registry import run_command
from recsys_lib.rules import KEEP, Asked, ListRules, PinnedItem, VersionRules
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
from recsys_lib.serving._lists import ListOptions
from recsys_lib.serving._process import mark_open
from recsys_lib.serving._ranked import Ranked
from recsys_lib.serving._rankings import Allowed, Rankings
from recsys_lib.serving._ruled_lists import Arranged

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
    rules: of the shop; None where there are none. Lists follow what is set here.
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
        self.rules: VersionRules | None = None

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

    def _by_rules(
        self,
        wishes: Wishes,
        asked: Asked | Callable[[], Asked],
        repeats: Repeats = "exclude",
    ) -> Wishes:
        """The wishes with the rules of the shop for such a list; the same where there are none."""
        if self.rules is None:
            return wishes
        found = asked if isinstance(asked, Asked) else asked()
        found = replace(found, category=wishes.filters.category)
        in_force = self.rules_for(found, wishes.allowed, repeats)
        return replace(wishes, options=replace(wishes.options, rules=in_force))

    def rules_for(
        self, asked: Asked, allowed: Allowed = None, repeats: Repeats = "exclude"
    ) -> ListRules | None:
        """The rules of the shop for a list; None where there are none.

        ``allowed`` are the items that the question may have, None for all.
        """
        rules = self.rules
        if rules is None:
            return None
        found = rules.for_list(asked)
        pins = [pin for pin in found.pins if allowed is None or allowed[pin.row]]
        return found.with_pins([pin for pin in pins if self._may_pin(pin, asked, repeats)])

    def _may_pin(self, pin: PinnedItem, asked: Asked, repeats: Repeats) -> bool:
        """Whether a question leaves room for a pinned item."""
        if asked.kind == "search" and self.items.products[pin.row] < 0:
            return False
        own = asked.item == pin.row or (asked.history is not None and pin.row in asked.history)
        return repeats == "allow" or own == (repeats == "only")

    def _list(self, query: str, ranked: Ranked, wishes: Wishes) -> pd.DataFrame:
        """The answer to a question: the items that the wishes choose from a ranking."""
        rules, found = wishes.options.rules, None
        if rules is None:
            rows, scores = wishes.options.choose(ranked, self.items)
        else:
            found = wishes.options.by_rules(ranked, self.items, rules)
            rows, scores = found.rows, found.scores
        answer = self._tables.answer(query, rows, scores, ranked.source)
        if ranked.far is not None:
            answer[Answers.FAR] = ranked.far(rows)
        if ranked.reasons is not None:
            reasons = ranked.reasons(rows)
            answer[Answers.SOURCE] = [reason.source for reason in reasons]
            answer[Answers.REASON] = [reason.text for reason in reasons]
        if wishes.options.group_variants:
            others = [self._variants(row, ranked, rules) for row in rows.tolist()]
            answer[Answers.VARIANTS] = others
        if rules is not None and found is not None:
            answer.attrs[Answers.RULES] = rules.fingerprint
            self._tell_rules(answer, found)
        return answer

    def _tell_rules(self, answer: pd.DataFrame, found: Arranged) -> None:
        """What each rule did: a column for what the list has, ``attrs`` for what it lacks."""
        answer[Answers.RULE] = pd.array(found.rules, dtype="str")
        rows, names = [row for row, _ in found.left_out], [name for _, name in found.left_out]
        answer.attrs[Answers.LEFT_OUT] = [
            {Answers.ITEM: item, Answers.RULE: name}
            for item, name in zip(self.items.ids.ids(rows), names, strict=True)
        ]

    def _variants(self, row: int, ranked: Ranked, rules: ListRules | None) -> list[str]:
        """Ids of the variants for which a row stands."""
        if not self.items.has_variants:
            return []
        others = self.items.variants(row)
        others = others[ranked.eligible[others]]
        if rules is not None:
            others = others[rules.left_out[others] == KEEP]
        return list(self.items.ids.ids(others))

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
