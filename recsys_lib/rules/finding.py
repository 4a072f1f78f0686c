"""Which products of a version the rules of a file are about, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from recsys_lib.errors import RulesError
from recsys_lib.rules.columns import Column, ColumnError, RuleItems, catalogue_column, file_column
from recsys_lib.rules.in_list import Act
from recsys_lib.rules.kinds import (
    Ban,
    Boost,
    Bury,
    Cap,
    Margin,
    Pin,
    ShopRule,
    Stock,
    Variants,
)
from recsys_lib.rules.reading import Place
from recsys_lib.search.facets import BRAND, CATEGORIES, PRICE, STORE

_NAMED = {"brands": BRAND, "categories": CATEGORIES, "stores": STORE}
_BY = {"category": CATEGORIES, "brand": BRAND, "store": STORE}
_LONGEST = 200  # characters of a name that are compared with all known ones
_HINTS = 3  # to find the nearest of a million ids takes seconds


@dataclass
class Finder:
    """Finds what rules are about, and collects what is wrong with them."""

    items: RuleItems
    database: Path
    folder: Path
    problems: list[tuple[Place, str]] = field(default_factory=list)

    def act(self, rule: ShopRule, place: Place) -> Act:
        """What a rule does; where something is wrong with it, an act that is not to be used."""
        self._check_context(rule, place)
        n = len(self.items.ids)
        if isinstance(rule, Pin):
            row = self._row(rule.item, (*place, "item"))
            return Act(rule, np.arange(n) == row, row=row)
        if isinstance(rule, (Ban, Boost, Bury)):
            return Act(rule, self._selected(rule.conditions, place))
        if isinstance(rule, Stock):
            values = self._column(rule, place)
            out = np.isnan(values.values) if rule.unlisted == "leave out" else np.zeros(n, bool)
            return Act(rule, out | (values.values <= 0), column=values)
        if isinstance(rule, Margin):
            values = self._column(rule, place)
            return Act(rule, ~np.isnan(values.values), column=values)
        if isinstance(rule, Cap):
            groups = self._groups(rule, place)
            return Act(rule, np.logical_or.reduce([g >= 0 for g in groups]), groups=groups)
        assert isinstance(rule, Variants)
        _, number, size = np.unique(self.items.groups, return_inverse=True, return_counts=True)
        return Act(rule, size[number] > rule.at_most, groups=(number,))

    def _check_context(self, rule: ShopRule, place: Place) -> None:
        for name in ("likes", "category"):
            category = getattr(rule.for_, name)
            if category is not None:
                self._members(CATEGORIES, category, (*place, "for", name))

    def _row(self, item_id: str, place: Place) -> int:
        if item_id in self.items.ids:
            return self.items.ids.row(item_id)
        close: list[str] = []
        if len(self.problems) < _HINTS:
            known = list(self.items.ids.ids())
            close = get_close_matches(item_id[:_LONGEST], known, n=1, cutoff=0.8)
        hint = f": did you mean {close[0]!r}?" if close else ""
        self.problems.append(
            (
                place,
                f"unknown item {item_id!r}{hint or ': it has no interactions and no text here'}",
            )
        )
        return 0

    def _members(self, column: str, name: str, place: Place) -> np.ndarray:
        try:
            return members(self.items, column, name)
        except RulesError as error:
            self.problems.append((place, str(error)))
            return np.zeros(len(self.items.ids), dtype=bool)

    def _selected(self, conditions: dict[str, object], place: Place) -> np.ndarray:
        selected = np.ones(len(self.items.ids), dtype=bool)
        for name, given in conditions.items():
            selected &= self._meeting(name, given, (*place, name))
        if not selected.any() and not self.problems:
            self.problems.append((place, "no product meets its conditions: loosen one of them"))
        return selected

    def _meeting(self, name: str, given: object, place: Place) -> np.ndarray:
        mask = np.zeros(len(self.items.ids), dtype=bool)
        if name == "items":
            assert isinstance(given, tuple)
            for item_id in given:
                mask[self._row(item_id, place)] = True
            return mask
        if name in _NAMED:
            assert isinstance(given, tuple)
            for one in given:
                mask |= self._members(_NAMED[name], one, place)
            return mask
        prices = self.items.facet_index.numbers(PRICE)
        if np.isnan(prices).all():
            self.problems.append((place, "the catalogue has no prices: leave this condition out"))
        assert isinstance(given, float)
        return np.asarray(prices < given if name == "price_below" else prices > given)

    def _column(self, rule: Stock | Margin, place: Place) -> Column:
        name = rule.column or rule.kind
        try:
            if rule.file is not None:
                found = file_column(self.folder / rule.file, name, self.items.ids)
            else:
                found = catalogue_column(self.database, name, self.items)
            if not found.n_known:
                raise ColumnError(
                    "it has none of the items of the version: are its ids of this shop?"
                )
            return found
        except ColumnError as error:
            self.problems.append((((*place, "file" if rule.file else "column")), str(error)))
            return Column(np.zeros(len(self.items.ids)), 0, 0)

    def _groups(self, rule: Cap, place: Place) -> tuple[np.ndarray, ...]:
        """For each group of items that are counted together its number, -1 for none."""
        column = _BY[rule.by]
        if rule.names is not None:
            masks = [self._members(column, name, (*place, "names")) for name in rule.names]
            return tuple(np.where(mask, 0, -1) for mask in masks)
        rows = self.items.facet_index.rows(column)
        if not rows:
            self.problems.append(
                ((*place, "by"), f"no product has a {rule.by}: leave the rule out")
            )
        numbers = np.full(len(self.items.ids), -1, dtype=np.int64)
        # Of a path of categories the rarest name counts, which is the most special one.
        for number, name in enumerate(sorted(rows, key=lambda name: (-len(rows[name]), name))):
            numbers[rows[name]] = number
        return (numbers,)


def members(items: RuleItems, column: str, name: str) -> np.ndarray:
    """Which items have a name in a column; case does not matter. RulesError for an unknown name."""
    rows, key = items.facet_index.rows(column), name.strip().lower()
    if key not in rows:
        close = get_close_matches(key[:_LONGEST], rows, n=1)
        hint = f": did you mean {close[0]!r}?" if close else ": no product has it"
        raise RulesError(f"unknown {_SINGULAR[column]} {name!r}{hint}")
    mask = np.zeros(len(items.ids), dtype=bool)
    mask[rows[key]] = True
    return mask


_SINGULAR = {BRAND: "brand", CATEGORIES: "category", STORE: "store"}
