"""Text records to the product catalogue: clean titles, prices as numbers, lists as JSON."""

from __future__ import annotations

import ast
import html
import json
import re
from dataclasses import dataclass

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.records import FILE, LINE, Records
from recsys_lib.data.rejected import Rejected
from recsys_lib.data.sources import Fields

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_SPACE = re.compile(r"\s+")
_JSON_COLUMNS = (
    Products.FEATURES,
    Products.DESCRIPTION,
    Products.IMAGES,
    Products.CATEGORIES,
    Products.DETAILS,
)
_NUMBER = r"(\d[\d,]*(?:\.\d+)?)"


@dataclass(frozen=True)
class Catalogue:
    """Products in the form of the table ``product_catalog``.

    Parameters
    ----------
    frame: columns ``Products.ALL``, one row per product, in the order of the file.
    n_lines, n_duplicates: lines read; further lines of a product that was there already.
    n_unreadable_prices: prices that hold no number, such as a dash.
    rejected: the lines that were set aside.
    """

    frame: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int
    n_duplicates: int
    n_unreadable_prices: int


def clean_products(records: Records, fields: Fields) -> Catalogue:
    """Apply types and rules to product records; the first line of a product wins."""
    texts = records.frame.select(
        LINE, FILE, *(_first_value(names).alias(ours) for ours, names in fields.items())
    )
    nameless = texts.filter(pl.col(Products.ITEM).is_null())
    named = texts.filter(pl.col(Products.ITEM).is_not_null())
    products = named.unique(Products.ITEM, keep="first", maintain_order=True).with_columns(
        *_numbers(),
        pl.col(Products.TITLE).map_batches(_plain_titles, return_dtype=pl.String),
        *(pl.col(c).map_batches(_json_texts, return_dtype=pl.String) for c in _JSON_COLUMNS),
    )
    unreadable = named[Products.PRICE].is_not_null() & ~named[Products.PRICE].str.contains(_NUMBER)
    rejected = [
        Rejected.at(records.files[file], line, f"{Products.ITEM} is missing", str(title))
        for file, line, title in nameless.select(FILE, LINE, Products.TITLE).iter_rows()
    ]
    return Catalogue(
        frame=products.select(Products.ALL),
        rejected=records.rejected + rejected,
        n_lines=records.n_lines,
        n_duplicates=len(named) - len(products),
        n_unreadable_prices=int(unreadable.sum()),
    )


def empty_catalogue() -> Catalogue:
    """The catalogue of a dataset without product files."""
    frame = pl.DataFrame(schema=dict.fromkeys(Products.ALL, pl.String()))
    return Catalogue(frame, [], 0, 0, 0)


def plain_text(text: str) -> str:
    """Text without HTML tags and entities and with single spaces."""
    return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", text))).strip()


def _first_value(names: tuple[str, ...]) -> pl.Expr:
    """The first of several fields that says something: not null, blank or an empty list."""
    said = (pl.col(name).str.strip_chars() for name in names)
    return pl.coalesce(pl.when(~value.is_in(["", "[]", "{}"])).then(value) for value in said)


def _numbers() -> list[pl.Expr]:
    price = pl.col(Products.PRICE).str.extract(_NUMBER).str.replace_all(",", "")
    return [
        price.cast(pl.Float64, strict=False),
        pl.col(Products.AVERAGE_RATING).cast(pl.Float64, strict=False),
        pl.col(Products.RATING_NUMBER).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False),
    ]


def _plain_titles(titles: pl.Series) -> pl.Series:
    cleaned = [_title(title) for title in titles]
    return pl.Series(titles.name, cleaned, dtype=pl.String)


def _title(title: str | None) -> str | None:
    if title is None:
        return None
    return plain_text(title) or None


def _json_texts(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [_json_text(v) for v in values], dtype=pl.String)


def _json_text(value: str | None) -> str | None:
    """Lists and objects as JSON, also when they were printed by Python; other text as it is."""
    if value is None or value[0] not in "[{":
        return value
    try:
        json.loads(value)
    except json.JSONDecodeError:
        try:
            return json.dumps(ast.literal_eval(value), ensure_ascii=False, default=str)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    return value
