"""The newest interactions and those before them, and facts about their products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.interactions import Interactions

DAY_MS = 86_400_000
_LAST = r'"((?:[^"\\]|\\.)+)"\s*\]$'  # the last text of a list as JSON


@dataclass(frozen=True)
class Periods:
    """The rows of the two periods, bool, shape (n,), and their lengths in days."""

    before: np.ndarray
    now: np.ndarray
    before_days: int
    days: int
    end: int

    @classmethod
    def of(cls, timestamp: np.ndarray, days: int, before_days: int) -> Periods:
        """The newest ``days`` of 24 hours up to the last time, and at most ``before_days`` earlier.

        ``before_days`` is cut to whole days of data; it is 0 where nothing is older.
        """
        end = int(timestamp.max()) + 1
        age = (end - 1 - timestamp) // DAY_MS  # days, 0 for the newest 24 hours
        there = max(0, min(before_days, int(age.max()) + 1 - days))
        return cls((age >= days) & (age < days + there), age < days, there, days, end)

    def age(self, timestamp: np.ndarray) -> np.ndarray:
        """Whole days before the end, 0 for the newest 24 hours."""
        return (self.end - 1 - timestamp) // DAY_MS

    def daily(self, timestamp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of each day before and now."""
        age = self.age(timestamp)
        counts = np.bincount(age, minlength=self.days + self.before_days)
        return counts[self.days : self.days + self.before_days], counts[: self.days]


def product_facts(products: pl.DataFrame) -> pl.DataFrame:
    """Id, price, and the narrowest category (the main one where there is no other) of products.

    ``products`` has the columns of the table ``product_catalog``. Categories are a list as JSON, or
    a text such as "Action|Comedy".
    """
    said = pl.col(Products.CATEGORIES).str.strip_chars()
    plain = pl.when(~said.str.starts_with("[")).then(said.str.split("|").list.last())
    return products.select(
        pl.col(Products.ITEM).alias("id"),
        pl.col(Products.PRICE).alias("price"),
        pl.coalesce(said.str.extract(_LAST), plain, Products.MAIN_CATEGORY).alias("category"),
    )


def fact(interactions: Interactions, products: pl.DataFrame, name: str) -> pl.Series:
    """A fact about the product of each interaction; null where it is unknown."""
    ids = interactions.items.series().to_frame().select(pl.first().alias("id"))
    facts = ids.join(products, on="id", how="left", maintain_order="left")
    return facts[name].gather(interactions.item)
