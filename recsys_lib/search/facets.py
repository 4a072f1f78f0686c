"""What filters and lists look at: one row per product, stored with the search index."""

from __future__ import annotations

from typing import Final

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.search import _details
from recsys_lib.search._variants import variant_groups
from recsys_lib.search.text import clean, of_distinct, values

ID: Final = "id"
CATEGORIES: Final = "categories"
STORE: Final = "store"
BRAND: Final = "brand"
PRICE: Final = "price"
RATING: Final = "rating"
REVIEWS: Final = "n_reviews"
IN_STOCK: Final = "in_stock"
GROUP: Final = "variant_group"
_NAMES = "names"

SCHEMA: Final = {
    ID: pl.String(),
    CATEGORIES: pl.List(pl.String()),
    STORE: pl.String(),
    BRAND: pl.String(),
    PRICE: pl.Float64(),
    RATING: pl.Float64(),
    REVIEWS: pl.Int64(),
    IN_STOCK: pl.Boolean(),
    GROUP: pl.Int32(),
}


def facets_of(products: pl.DataFrame) -> pl.DataFrame:
    """Columns of ``SCHEMA``, one row per product; null where nothing is known.

    Names are in lower case. The brand is that of the details, else the store. Variants of one
    product have the same number as group: the position of the first of them.
    """
    in_categories = (Products.CATEGORIES, Products.MAIN_CATEGORY)
    details = [_details.parsed_details(text) for text in products[Products.DETAILS]]
    stores = of_distinct(_name, products[Products.STORE])
    brands = [
        _name(_details.brand(said)) or store for said, store in zip(details, stores, strict=True)
    ]
    parents = (_details.parent(said) for said in details)
    return pl.DataFrame(
        {
            ID: products[Products.ITEM],
            CATEGORIES: _categories(products.select(in_categories)),
            STORE: stores,
            BRAND: brands,
            PRICE: products[Products.PRICE].cast(pl.Float64),
            RATING: products[Products.AVERAGE_RATING].cast(pl.Float64),
            REVIEWS: products[Products.RATING_NUMBER].cast(pl.Int64),
            IN_STOCK: [_details.in_stock(said) for said in details],
            GROUP: variant_groups(products[Products.TITLE], brands, parents),
        },
        schema=SCHEMA,
    )


def _name(text: str | None) -> str | None:
    return clean(text or "").lower() or None


def _categories(columns: pl.DataFrame) -> pl.Series:
    """Lists of names; read once where many products share them, which most catalogues have."""
    known = columns.unique(maintain_order=True)
    known = known.with_columns(
        pl.Series(_NAMES, map(_names, known.iter_rows()), dtype=SCHEMA[CATEGORIES])
    )
    joined = columns.join(
        known, on=columns.columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined[_NAMES]


def _names(cells: tuple[str | None, ...]) -> list[str]:
    """Names in a list, or in a text such as "Action|Comedy"."""
    names = (name for cell in cells for value in values(cell) for name in value.split("|"))
    return list(dict.fromkeys(clean(name).lower() for name in names if name.strip()))
