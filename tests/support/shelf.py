"""A shelf of items with everything that rules look at, and rankings of it, without any model."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from recsys_lib.ids import IdMap
from recsys_lib.rules import Asked, RuleFile, VersionRules
from recsys_lib.search.facet_index import FacetIndex
from recsys_lib.search.facets import SCHEMA
from recsys_lib.serving._ranked import Ranked
from recsys_lib.serving._ruled_lists import Arranged, Wanted, arranged

BRANDS = ("acme", "bolt", "cord")
CATEGORIES = ("cups", "pans", "pots", "lids")


@dataclass(frozen=True)
class Shelf:
    """Items i0, i1, ...: brands and categories in turn, prices 0, 1, ..., variants in pairs.

    ``scores`` are those of the ranking, the first item best where they are equal.
    """

    scores: np.ndarray
    asked: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.scores)

    @cached_property
    def ids(self) -> IdMap:
        """i0, i1, ..."""
        return IdMap([f"i{n}" for n in range(len(self))])

    @cached_property
    def facet_index(self) -> FacetIndex:
        """As a search part has them."""
        n = range(len(self))
        known = {
            "id": list(self.ids.ids()),
            "categories": [[CATEGORIES[i % len(CATEGORIES)], "kitchen"] for i in n],
            "brand": [BRANDS[i % len(BRANDS)] for i in n],
            "store": ["shop"] * len(self),
            "price": [float(i) for i in n],
            "in_stock": [i % 2 == 0 for i in n],
        }
        return FacetIndex(
            pl.DataFrame(
                known | {k: [None] * len(self) for k in SCHEMA if k not in known}, schema=SCHEMA
            )
        )

    @cached_property
    def groups(self) -> np.ndarray:
        """Items 0 and 1 are variants, 2 and 3, and so on."""
        return np.arange(len(self)) // 2

    @cached_property
    def order(self) -> np.ndarray:
        """All items, the best first."""
        return np.argsort(-self.scores, kind="stable")

    def rules(self, path, text: str) -> VersionRules:
        """The rules of a text."""
        file = path / "rules.yaml"
        file.write_text(text, encoding="utf-8")
        return VersionRules.fit(RuleFile.read(file), self, path / "recommender.db")

    def list_of(
        self, rules: VersionRules, n: int, asked: Asked | None = None, *, grouped=False
    ) -> Arranged:
        """The first n items by rules; ``asked`` gets the depths that were looked at."""

        def best(depth: int):
            self.asked.append(depth)
            rows = self.order[:depth]
            return rows, self.scores[rows]

        ranked = Ranked(best, np.ones(len(self), dtype=bool))
        in_force = rules.for_list(asked or Asked("user"))
        return arranged(ranked, self, Wanted(n, grouped, 0.0), in_force)
