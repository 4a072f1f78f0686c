"""Conditions that products must meet to be found."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from recsys_lib.columns import Products
from recsys_lib.errors import QueryError, did_you_mean
from recsys_lib.search.text import clean, values

CATEGORIES = "categories"

_NAMED = 5  # unknown fields: to find what is meant by each of thousands takes seconds


class KnownFields(BaseModel):
    """Refuses fields that it does not have, and suggests the one that is meant."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        known = list(cls.model_fields)
        unknown = [str(name) for name in values if name not in known]
        if not unknown:
            return values
        named = unknown[:_NAMED]
        problems = [f"unknown field {name!r}{did_you_mean(name, known)}" for name in named]
        problems += [f"and {len(unknown) - _NAMED:,} more"] if len(unknown) > _NAMED else []
        raise PydanticCustomError("unknown_field", "{problems}", {"problems": "; ".join(problems)})


class Filters(KnownFields):
    """Conditions of a search; all must hold. A product whose value is unknown is not found.

    Parameters
    ----------
    category
        Main category of the product, or one on the path to it; case does not matter.
    min_price, max_price
        Bounds of the price, included.
    min_rating
        Lowest average rating, included.
    with_reviews
        Only products that somebody has rated.

    Raises
    ------
    pydantic.ValidationError
        For unknown names, wrong types and negative numbers; :meth:`from_dict` raises QueryError.

    Examples
    --------
    >>> Filters(category="dryers", max_price=20)
    Filters(category='dryers', min_price=None, max_price=20.0, min_rating=None, with_reviews=False)
    >>> Filters.from_dict({"max_prize": 20})
    Traceback (most recent call last):
    ...
    recsys_lib.errors.QueryError: filters: unknown field 'max_prize': did you mean 'max_price'?
    """

    model_config = ConfigDict(frozen=True)

    category: str | None = Field(None, description="main category, or one on the path to it")
    min_price: float | None = Field(None, ge=0, description="lowest price, included")
    max_price: float | None = Field(None, ge=0, description="highest price, included")
    min_rating: float | None = Field(None, ge=0, description="lowest average rating, included")
    with_reviews: bool = Field(False, description="only products that somebody has rated")

    @classmethod
    def from_dict(cls, filters: Filters | dict[str, Any] | None) -> Filters:
        """Filters from a dict; QueryError names a condition that is unknown or out of range."""
        try:
            return cls.model_validate({} if filters is None else filters)
        except ValidationError as error:
            problems = (": ".join([*map(str, p["loc"]), p["msg"]]) for p in error.errors())
            raise QueryError(f"filters: {'; '.join(problems)}") from error

    def allowed(self, facets: pl.DataFrame) -> np.ndarray | None:
        """Which products meet the conditions, bool, shape (n,); None without any condition.

        ``facets`` come from :func:`facets_of`. QueryError for a category that no product has.
        """
        conditions: list[pl.Expr] = []
        if self.category is not None:
            conditions.append(self._in_category(facets))
        if self.min_price is not None:
            conditions.append(pl.col("price") >= self.min_price)
        if self.max_price is not None:
            conditions.append(pl.col("price") <= self.max_price)
        if self.min_rating is not None:
            conditions.append(pl.col("rating") >= self.min_rating)
        if self.with_reviews:
            conditions.append(pl.col("n_reviews") > 0)
        if not conditions:
            return None
        # An unknown value is null; so is the condition on it, which then counts as not met.
        met = pl.all_horizontal(conditions).fill_null(False)
        return facets.select(met).to_series().to_numpy()

    def _in_category(self, facets: pl.DataFrame) -> pl.Expr:
        name = (self.category or "").strip().lower()
        known = facets[CATEGORIES].explode().drop_nulls().unique()
        if name not in known:
            close = get_close_matches(name, known.to_list(), n=1)
            hint = f": did you mean {close[0]!r}?" if close else ""
            raise QueryError(f"no product has the category {self.category!r}{hint}")
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
