"""Conditions on what a search may find."""

from __future__ import annotations

from difflib import get_close_matches
from functools import reduce
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recsys_lib.columns import Products
from recsys_lib.errors import QueryError
from recsys_lib.search.text import clean, values

CATEGORIES = "categories"


class Filters(BaseModel):
    """What a product must be to be found; a product that does not tell is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: str | None = Field(None, description="main category, or one of the path to it")
    min_price: float | None = Field(None, ge=0)
    max_price: float | None = Field(None, ge=0)
    min_rating: float | None = Field(None, ge=0, description="average rating from here on")
    with_reviews: bool = Field(False, description="only products that somebody rated")

    @classmethod
    def of(cls, filters: Filters | dict[str, Any] | None) -> Filters:
        """The filters of a dict; QueryError naming a condition that does not exist or fit."""
        if isinstance(filters, Filters):
            return filters
        try:
            return cls(**(filters or {}))
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
            raise QueryError(f"filters: {'; '.join(problems)}") from error

    def allowed(self, facets: pl.DataFrame) -> np.ndarray | None:
        """Which products may be found, bool of shape (n,); None when all of them may.

        ``facets`` are those of :func:`facets_of`. QueryError for a category that no product has.
        """
        conditions = [
            *([self._in_category(facets)] if self.category is not None else []),
            *([pl.col("price") >= self.min_price] if self.min_price is not None else []),
            *([pl.col("price") <= self.max_price] if self.max_price is not None else []),
            *([pl.col("rating") >= self.min_rating] if self.min_rating is not None else []),
            *([pl.col("n_reviews") > 0] if self.with_reviews else []),
        ]
        if not conditions:
            return None
        all_of_them = reduce(lambda left, right: left & right, conditions)
        return facets.select(all_of_them.fill_null(False)).to_series().to_numpy()

    def _in_category(self, facets: pl.DataFrame) -> pl.Expr:
        name = (self.category or "").strip().lower()
        known = facets[CATEGORIES].explode().drop_nulls().unique()
        if name not in known:
            close = get_close_matches(name, known.to_list(), n=1)
            hint = f": did you mean {close[0]!r}?" if close else ""
            raise QueryError(f"no product is of the category {self.category!r}{hint}")
        return pl.col(CATEGORIES).list.contains(name)


def facets_of(products: pl.DataFrame) -> pl.DataFrame:
    """What :class:`Filters` look at, one row per product.

    Columns: categories (list, lower case), price, rating, n_reviews.
    """
    columns = (products[name] for name in (Products.CATEGORIES, Products.MAIN_CATEGORY))
    names = [_categories(cells) for cells in zip(*columns, strict=True)]
    return pl.DataFrame(
        {
            CATEGORIES: pl.Series(names, dtype=pl.List(pl.String)),
            "price": products[Products.PRICE].cast(pl.Float64),
            "rating": products[Products.AVERAGE_RATING].cast(pl.Float64),
            "n_reviews": products[Products.RATING_NUMBER].cast(pl.Int64),
        }
    )


def _categories(cells: tuple[str | None, ...]) -> list[str]:
    """Names in a list, or in a text such as "Action|Comedy"."""
    names = (name for cell in cells for value in values(cell) for name in value.split("|"))
    return list(dict.fromkeys(clean(name).lower() for name in names if name.strip()))
