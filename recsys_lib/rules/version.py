"""The rules of a file beside the items of a version: which products each of them touches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from recsys_lib.rules.clashes import refused_pins
from recsys_lib.rules.columns import RuleItems
from recsys_lib.rules.finding import Finder, members
from recsys_lib.rules.in_list import Act, ListRules
from recsys_lib.rules.kinds import ListKind, ShopRule
from recsys_lib.rules.reading import RuleFile
from recsys_lib.search.facets import CATEGORIES

_MOST_KEPT = 32  # combinations of rules; each holds some numbers of every item


@dataclass(frozen=True)
class Asked:
    """What a list is asked for, as far as rules care.

    Parameters
    ----------
    kind: of the list.
    user_id: a known user.
    history: rows of the items of the history; None where there is none to speak of.
    item: row of the product that similar ones are asked for.
    category: that the question filters by.
    """

    kind: ListKind
    user_id: str | None = None
    history: np.ndarray | None = None
    item: int | None = None
    category: str | None = None


@dataclass(frozen=True)
class VersionRules:
    """Rules that fit a version; make one by :meth:`fit`.

    Parameters
    ----------
    file: the rules.
    items: of the version.
    acts: what each rule does to them, in the order of the file.
    """

    file: RuleFile
    items: RuleItems
    acts: tuple[Act, ...]
    _kept: dict[tuple[bool, ...], ListRules] = field(default_factory=dict, compare=False)

    @classmethod
    def fit(cls, file: RuleFile, items: RuleItems, database: Path) -> VersionRules:
        """Find the products that the rules are about.

        RulesError names each rule that is about an item, a category or a column that is not there.
        ``database`` has the catalogue, for columns of it.
        """
        finder = Finder(items, database, file.path.parent)
        acts, problems = [], []
        for place, rule in zip(file.places, file.rules, strict=True):
            found = len(finder.problems)
            acts.append(finder.act(rule, place))
            problems += finder.problems[found:]
        if not problems:
            problems = list(refused_pins(acts, file.places))
        if problems:
            raise file.refuse(problems)
        return cls(file, items, tuple(acts))

    def __len__(self) -> int:
        return len(self.acts)

    @property
    def fingerprint(self) -> str:
        """Of the file and all files that it names."""
        return self.file.fingerprint

    def for_list(self, asked: Asked, today: date | None = None) -> ListRules:
        """The rules that are in force for a list; ``today`` is that of UTC by default."""
        day = today or datetime.now(UTC).date()
        key = tuple(self._holds(act.rule, asked, day) for act in self.acts)
        kept = self._kept
        if key not in kept:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            active = [act for act, holds in zip(self.acts, key, strict=True) if holds]
            kept[key] = ListRules.combine(active, len(self.items.ids), self.fingerprint)
        return kept[key]

    def without(self, name: str) -> VersionRules:
        """The same without one rule."""
        return VersionRules(self.file, self.items, tuple(a for a in self.acts if a.name != name))

    @cached_property
    def named_users(self) -> frozenset[str]:
        """Users whom rules name: their lists may differ from those of others with one history."""
        return frozenset(user for act in self.acts for user in act.rule.for_.users or ())

    def _holds(self, rule: ShopRule, asked: Asked, day: date) -> bool:
        context = rule.for_
        if not rule.is_in_force(day) or asked.kind not in rule.lists:
            return False
        if context.users is not None and asked.user_id not in context.users:
            return False
        needs_history = (context.min_history, context.max_history, context.likes)
        if any(value is not None for value in needs_history):
            if asked.history is None:
                return False
            n, high = len(asked.history), context.max_history
            if n < (context.min_history or 0) or (high is not None and n > high):
                return False
            if context.likes and not self._members(context.likes)[asked.history].any():
                return False
        return context.category is None or self._is_in(context.category, asked)

    def _is_in(self, category: str, asked: Asked) -> bool:
        if asked.category and asked.category.strip().lower() == category.strip().lower():
            return True
        return asked.item is not None and bool(self._members(category)[asked.item])

    def _members(self, category: str) -> np.ndarray:
        return members(self.items, CATEGORIES, category)
