"""Conditions that products must meet to be found."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from recsys_lib.errors import QueryError, did_you_mean
from recsys_lib.search.facet_index import FacetIndex
from recsys_lib.search.facets import BRAND, CATEGORIES, IN_STOCK, PRICE, RATING, REVIEWS, STORE

_LONGEST_NAME = 200  # characters of a name that are compared with all known ones
_NAMED = 5  # unknown fields: to find what is meant by each of thousands takes seconds


class KnownFields(BaseModel):
    """Refuses fields that it does not have, and suggests the one that is meant."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        known = sorted(cls.model_fields, key=lambda name: not cls.model_fields[name].is_required())
        unknown = [str(name) for name in values if name not in known]
        if not unknown:
            return values
        named = unknown[:_NAMED]
        problems = [f"unknown field {name!r}{did_you_mean(name, known)}" for name in named]
        problems += [f"and {len(unknown) - _NAMED:,} more"] if len(unknown) > _NAMED else []
        raise PydanticCustomError("unknown_field", "{problems}", {"problems": "; ".join(problems)})


class Filters(KnownFields):
    """Conditions of a question; all must hold. An item whose value is unknown does not pass.

    Parameters
    ----------
    category
        Main category of the product, or one on the path to it; case does not matter.
    brand
        Brand by the details of the product, or its store where they name none.
    store
        Store of the product.
    min_price, max_price
        Bounds of the price, included.
    min_rating
        Lowest average rating, included.
    with_reviews
        Only products that somebody has rated.
    in_stock
        True: only products that can be had; False: only the others.

    Raises
    ------
    pydantic.ValidationError
        For unknown names, wrong types and negative numbers; :meth:`from_dict` raises QueryError.

    Examples
    --------
    >>> Filters(category="dryers", max_price=20).model_dump(exclude_defaults=True)
    {'category': 'dryers', 'max_price': 20.0}
    >>> Filters.from_dict({"max_prize": 20})
    Traceback (most recent call last):
    ...
    recsys_lib.errors.QueryError: filters: unknown field 'max_prize': did you mean 'max_price'?
    """

    model_config = ConfigDict(frozen=True)

    category: str | None = Field(None, description="main category, or one on the path to it")
    brand: str | None = Field(None, description="brand, or the store where no brand is named")
    store: str | None = Field(None, description="store of the product")
    min_price: float | None = Field(None, ge=0, description="lowest price, included")
    max_price: float | None = Field(None, ge=0, description="highest price, included")
    min_rating: float | None = Field(None, ge=0, description="lowest average rating, included")
    with_reviews: bool = Field(False, description="only products that somebody has rated")
    in_stock: bool | None = Field(None, description="true: only what can be had")

    @classmethod
    def from_dict(cls, filters: Filters | dict[str, Any] | None) -> Filters:
        """Filters from a dict; QueryError names a condition that is unknown or out of range."""
        try:
            return cls.model_validate({} if filters is None else filters)
        except ValidationError as error:
            problems = (": ".join([*map(str, p["loc"]), p["msg"]]) for p in error.errors())
            raise QueryError(f"filters: {'; '.join(problems)}") from error

    def allowed(self, facets: FacetIndex) -> np.ndarray | None:
        """Which items meet the conditions, bool, shape (n,); None without any condition.

        QueryError for a condition on what is known of no item, and for a category, brand or store
        that no item has.
        """
        conditions = list(self._conditions(facets))
        return np.logical_and.reduce(conditions) if conditions else None

    def _conditions(self, facets: FacetIndex) -> Iterator[np.ndarray]:
        # A comparison with an unknown value, NaN, is false.
        if self.category is not None:
            yield _named(facets, "category", CATEGORIES, self.category)
        if self.brand is not None:
            yield _named(facets, "brand", BRAND, self.brand)
        if self.store is not None:
            yield _named(facets, "store", STORE, self.store)
        if self.min_price is not None:
            yield _known(facets, "min_price", PRICE) >= self.min_price
        if self.max_price is not None:
            yield _known(facets, "max_price", PRICE) <= self.max_price
        if self.min_rating is not None:
            yield _known(facets, "min_rating", RATING) >= self.min_rating
        if self.with_reviews:
            yield _known(facets, "with_reviews", REVIEWS) > 0
        if self.in_stock is not None:
            yield _known(facets, "in_stock", IN_STOCK) == self.in_stock


_SOURCES = {
    CATEGORIES: ("category", "etl.product_columns.categories"),
    BRAND: ("brand or store", "etl.product_columns.store"),
    STORE: ("store", "etl.product_columns.store"),
    PRICE: ("price", "etl.product_columns.price"),
    RATING: ("average rating", "etl.product_columns.average_rating"),
    REVIEWS: ("number of ratings", "etl.product_columns.rating_number"),
    IN_STOCK: ("stock", "etl.product_columns.details, as in_stock or availability"),
}
"""What each column of the facets is called, and which parameter names the column of the data."""


def _known(facets: FacetIndex, name: str, column: str) -> np.ndarray:
    """Numbers of all items; QueryError where the data say nothing of them."""
    numbers = facets.numbers(column)
    if np.isnan(numbers).all():
        raise _nothing_known(name, column)
    return numbers


def _named(facets: FacetIndex, name: str, column: str, wanted: str) -> np.ndarray:
    """Which items have this name in the column; case does not matter."""
    rows, key = facets.rows(column), wanted.strip().lower()
    if not rows:
        raise _nothing_known(name, column)
    if key not in rows:
        close = get_close_matches(key[:_LONGEST_NAME], rows, n=1)
        hint = f": did you mean {close[0]!r}?" if close else ""
        raise QueryError(f"no product has the {name} {wanted!r}{hint}")
    has_it = np.zeros(len(facets), dtype=bool)
    has_it[rows[key]] = True
    return has_it


def _nothing_known(name: str, column: str) -> QueryError:
    what, parameter = _SOURCES[column]
    return QueryError(
        f"filters: {name}: the data have no {what} for any item: leave {name} out, or name "
        f"its column ({parameter}) and run the pipeline again"
    )
