"""From a ranking of all items to the list of an answer: one variant of a product, and variety."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys_lib.blend import Reason
from recsys_lib.serving._items import AllItems
from recsys_lib.serving._variety import alike, varied

Hits = tuple[np.ndarray, np.ndarray]
"""Rows of items, int64, and their scores; best first."""

_POOL = 200
"""Variety is chosen among so many of the best items; fixed, so that a longer list begins with the
shorter one."""
_DEEPER = 4


@dataclass(frozen=True)
class Ranked:
    """Items in an order; rows are those of ``AllItems``.

    Parameters
    ----------
    best: the n best items and their scores, for any n; more begin with fewer.
    eligible: bool, shape (items,): which items may be in the list at all.
    source: where the items come from; "" where ``reasons`` say it for each.
    reasons: why each of the rows is recommended; None where nobody can tell.
    far: which of the rows have little to do with the question; None where none is asked in words.
    """

    best: Callable[[int], Hits]
    eligible: np.ndarray
    source: str = ""
    reasons: Callable[[np.ndarray], list[Reason]] | None = None
    far: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class ListOptions:
    """What a list is like.

    Parameters
    ----------
    n: most items.
    group_variants: one item for all variants of a product.
    diversity: 0 (best first) to 1 (as different as possible).
    """

    n: int
    group_variants: bool = True
    diversity: float = 0.0

    def choose(self, ranked: Ranked, items: AllItems) -> Hits:
        """The items of the list."""
        pool = max(self.n, _POOL) if self.diversity else self.n
        rows, scores = self._one_of_each(ranked, items, pool)
        if self.diversity:
            n = min(self.n, _POOL)
            first = varied(scores[:_POOL], self.diversity, n, alike(items, rows[:_POOL]))
            order = np.concatenate([first, np.arange(len(first), len(rows))])
            rows, scores = rows[order], scores[order]
        return rows[: self.n], scores[: self.n]

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
