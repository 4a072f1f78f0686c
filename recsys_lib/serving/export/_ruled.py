"""Lists of many queries at once that keep the rules of the shop: those of single queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from recsys_lib.ranking import NO_ITEM
from recsys_lib.rules import Asked
from recsys_lib.serving._lists import ListOptions
from recsys_lib.serving._models import OpenModels
from recsys_lib.serving._ranked import Hits, Ranked
from recsys_lib.serving._ruled_lists import DEPTH
from recsys_lib.serving.export._variants import Lists

Best = Callable[[np.ndarray, int], Lists]
"""The n best items of some lists, numbers from 0, for any n; more begin with fewer."""


@dataclass(frozen=True)
class RuledLists:
    """Takes the candidates of many lists at once, and arranges each list as a single query does.

    Parameters
    ----------
    models: with the rules.
    labels: what moved items, by number; found as lists are made.
    """

    models: OpenModels
    labels: list[str] = field(default_factory=list)

    def arrange(
        self, best: Best, asked: Sequence[Asked], n: int, most: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lists of n items, their scores, and the number of a label of each, -1 for none.

        int32, float32 and int32, shape (lists, n). ``best`` can give ``most`` items.
        """
        shape = (len(asked), n)
        items, labels = (np.full(shape, NO_ITEM, dtype=np.int32) for _ in range(2))
        scores = np.zeros(shape, dtype=np.float32)
        candidates = best(np.arange(len(asked)), min(max(DEPTH, n), most))
        for place, one in enumerate(asked):
            first = candidates[0][place], candidates[1][place]
            ranked = Ranked(_deeper(best, place, first, most), np.empty(0, dtype=bool))
            rows, own, moved = self.arrange_one(ranked, one, n)
            items[place, : len(rows)], scores[place, : len(rows)] = rows, own
            labels[place, : len(rows)] = moved
        return items, scores, labels

    def arrange_one(
        self, ranked: Ranked, asked: Asked, n: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, scores and numbers of labels of one list."""
        rules = self.models.rules_for(asked)
        assert rules is not None
        found = ListOptions(n).by_rules(ranked, self.models.items, rules)
        moved = np.array([self._number(name) for name in found.rules], dtype=np.int32)
        return found.rows, found.scores, moved

    def _number(self, label: str | None) -> int:
        if label is None:
            return NO_ITEM
        if label not in self.labels:
            self.labels.append(label)
        return self.labels.index(label)


def _deeper(best: Best, place: int, first: Hits, most: int) -> Callable[[int], Hits]:
    """The best of one list; what was asked for all together is not asked for again."""

    def found(n: int) -> Hits:
        rows, scores = first
        if min(n, most) > len(rows):
            more, more_scores = best(np.array([place]), min(n, most))
            rows, scores = more[0], more_scores[0]
        there = rows[:n] != NO_ITEM
        return rows[:n][there].astype(np.int64), scores[:n][there]

    return found
