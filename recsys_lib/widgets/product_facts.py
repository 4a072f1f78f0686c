"""What is known of products beside title and picture: brand, price, stars, category, a link."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from string import capwords
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.database import reading
from recsys_lib.errors import ArtifactError
from recsys_lib.search import facets
from recsys_lib.search._details import brand as brand_in
from recsys_lib.search._details import parsed_details
from recsys_lib.serving import Recommender

_LINKS = ("url", "link", "product_url", "product_link", "web_url", "page_url", "href")
_SHOWN = [facets.CATEGORIES, facets.BRAND, facets.PRICE, facets.RATING, facets.REVIEWS]


@dataclass(frozen=True)
class Facts:
    """One product; None and "" where nothing is known.

    Parameters
    ----------
    category: the widest one.
    stars: mean rating, of the catalogue or else of the training data.
    n_ratings: how many ratings.
    link: address of the product's page, http or https.
    """

    brand: str = ""
    category: str = ""
    price: float | None = None
    stars: float | None = None
    n_ratings: int | None = None
    link: str = ""


class ProductFacts:
    """Facts of the products of a version; spellings and links are those of the database."""

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender
        self._names: dict[str, list[str]] = {}
        self._known: dict[str, Facts] = {}

    def of(self, item_ids: Sequence[str]) -> list[Facts]:
        """Facts of each item, in their order; those of the same items come again and again."""
        new = [item_id for item_id in dict.fromkeys(item_ids) if item_id not in self._known]
        if new:
            self._known.update(zip(new, self._found(new), strict=True))
        return [self._known[item_id] for item_id in item_ids]

    def _found(self, item_ids: Sequence[str]) -> list[Facts]:
        items = self._recommender.items
        rows = items.ids.rows(list(item_ids), missing="negative")
        known = items.facets.select(_SHOWN)[[max(row, 0) for row in rows.tolist()]].to_dicts()
        in_catalogue = self._in_catalogue(item_ids)
        return [
            _facts(facet if row >= 0 else {}, *in_catalogue.get(item_id, ("", "")))
            for item_id, row, facet in zip(item_ids, rows.tolist(), known, strict=True)
        ]

    def knows(self, column: str) -> bool:
        """Whether this facet is known of any item."""
        column_of_facets = self._recommender.items.facets[column]
        if column_of_facets.dtype == pl.List(pl.String):
            return bool((column_of_facets.list.len().fill_null(0) > 0).any())
        return column_of_facets.null_count() < len(column_of_facets)

    def names(self, column: str, most: int = 300) -> list[str]:
        """The names that most items have in a column of the facets, as they are shown."""
        if column in self._names:
            return self._names[column]
        of_items = self._recommender.items.facets[column].drop_nulls()
        if of_items.dtype == pl.List(pl.String):
            of_items = of_items.explode().drop_nulls()
        counts = of_items.value_counts(name="n").sort("n", column, descending=[True, False])
        self._names[column] = [capwords(name) for name in counts[column].head(most)]
        return self._names[column]

    def _in_catalogue(self, item_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Brand and link of items as the database has them; empty where there is none."""
        database = self._recommender.dataset.database
        if not database.is_file():
            return {}
        marks = ", ".join("?" * len(item_ids))
        query = (
            f"SELECT {Products.ITEM}, {Products.STORE}, {Products.DETAILS} "
            f"FROM {Products.TABLE} WHERE {Products.ITEM} IN ({marks})"
        )
        try:
            with reading(database) as connection:
                found = connection.execute(query, list(item_ids)).fetchall()
        except (
            sqlite3.Error,
            ArtifactError,
        ):  # being replaced: the version itself knows enough for a card
            return {}
        return {item: _brand_and_link(store, details) for item, store, details in found}


def link_url(value: Any) -> str:
    """The address if it is one of a page (http, https), else ""."""
    if not isinstance(value, str):
        return ""
    try:
        address = urlsplit(value.strip())
    except ValueError:
        return ""
    safe = address.scheme.lower() in ("http", "https") and address.netloc
    return value.strip() if safe else ""


def _brand_and_link(store: str | None, details: str | None) -> tuple[str, str]:
    said = parsed_details(details)
    links = (link_url(said.get(name)) for name in _LINKS)
    return brand_in(said) or (store or "").strip(), next(filter(None, links), "")


def _facts(facet: dict[str, Any], brand: str, link: str) -> Facts:
    categories = facet.get(facets.CATEGORIES) or []
    return Facts(
        brand=brand or capwords(facet.get(facets.BRAND) or ""),
        category=capwords(categories[0]) if categories else "",
        price=facet.get(facets.PRICE),
        stars=facet.get(facets.RATING),
        n_ratings=facet.get(facets.REVIEWS),
        link=link,
    )
