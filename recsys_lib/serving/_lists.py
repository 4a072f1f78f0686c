"""From a ranking of all items to the list of an answer: one variant of a product, and variety."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.rules import ListRules
from recsys_lib.serving._items import AllItems
from recsys_lib.serving._ranked import Hits, Ranked
from recsys_lib.serving._ruled_lists import Arranged, Wanted, arranged
from recsys_lib.serving._variety import alike, varied

_POOL = 200
"""Variety is chosen among so many of the best items; fixed, so that a longer list begins with the
shorter one."""
_DEEPER = 4


@dataclass(frozen=True)
class ListOptions:
    """What a list is like.

    Parameters
    ----------
    n: most items.
    group_variants: one item for all variants of a product.
    diversity: 0 (best first) to 1 (as different as possible).
    rules: of the shop; None where there are none.
    """

    n: int
    group_variants: bool = True
    diversity: float = 0.0
    rules: ListRules | None = None

    def choose(self, ranked: Ranked, items: AllItems) -> Hits:
        """The items of the list."""
        if self.rules is not None:
            found = self.by_rules(ranked, items, self.rules)
            return found.rows, found.scores
        pool = max(self.n, _POOL) if self.diversity else self.n
        rows, scores = self._one_of_each(ranked, items, pool)
        if self.diversity:
            n = min(self.n, _POOL)
            first = varied(scores[:_POOL], self.diversity, n, alike(items, rows[:_POOL]))
            order = np.concatenate([first, np.arange(len(first), len(rows))])
            rows, scores = rows[order], scores[order]
        return rows[: self.n], scores[: self.n]

    def by_rules(self, ranked: Ranked, items: AllItems, rules: ListRules) -> Arranged:
        """The same by the rules of the shop, with what each of them moved."""
        grouped = self.group_variants and items.has_variants
        return arranged(ranked, items, Wanted(self.n, grouped, self.diversity), rules)

    def _one_of_each(self, ranked: Ranked, items: AllItems, n: int) -> Hits:
        """The n best items, of each group of variants the best one."""
        rows, scores = ranked.best(n)
        if not (self.group_variants and items.has_variants):
            return rows, scores
        depth = n
        while True:
            first = np.sort(np.unique(items.groups[rows], return_index=True)[1])
            if len(first) >= n or len(rows) < depth:
                return rows[first][:n], scores[first][:n]
            depth *= _DEEPER
            rows, scores = ranked.best(depth)
