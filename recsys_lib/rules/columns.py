"""A number of each product, by which rules go: from a file beside the rules, or the catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.database import read_products
from recsys_lib.errors import did_you_mean
from recsys_lib.ids import IdMap
from recsys_lib.search.facet_index import FacetIndex
from recsys_lib.search.facets import IN_STOCK

ITEM = "item_id"
_NUMBERS = (Products.PRICE, Products.AVERAGE_RATING, Products.RATING_NUMBER)
_WORDS = {"true": "1", "yes": "1", "false": "0", "no": "0"}


class RuleItems(Protocol):
    """What rules need to know of the items of a version."""

    @property
    def ids(self) -> IdMap:
        """Their ids."""

    @property
    def facet_index(self) -> FacetIndex:
        """What is known of them, one row per item."""

    @property
    def groups(self) -> np.ndarray:
        """Number of the product that each item is a variant of, int64, shape (items,)."""


@dataclass(frozen=True)
class Column:
    """A number of each item, float64, shape (items,), NaN where none is known.

    ``n_rows`` and ``n_known`` count the ids of the source, and those that the version has.
    """

    values: np.ndarray
    n_rows: int
    n_known: int


class ColumnError(ValueError):
    """A column cannot be used; the message says why and what to do."""


def file_column(path: Path, name: str, ids: IdMap) -> Column:
    """Read ``item_id`` and a column of numbers from a CSV or Parquet file."""
    table = _table(path)
    for wanted in (ITEM, name):
        if wanted not in table.columns:
            raise ColumnError(
                f"{path} has no column {wanted!r}{did_you_mean(wanted, table.columns)}"
            )
    keys = table[ITEM].cast(pl.String)
    if keys.is_duplicated().any():
        twice = keys.filter(keys.is_duplicated())[0]
        raise ColumnError(f"{path} has {ITEM} {twice!r} twice: keep one row of each")
    return _placed(keys, _numbers(table[name], path, name), ids)


def catalogue_column(database: Path, name: str, items: RuleItems) -> Column:
    """A number of the catalogue: a column of ``product_catalog``, or a name in its details."""
    if name == IN_STOCK:
        values = items.facet_index.numbers(IN_STOCK)
        known = int((~np.isnan(values)).sum())
        if not known:
            raise ColumnError(
                "the catalogue says of no product whether it is in stock: name a file"
            )
        return Column(values, known, known)
    products = read_products(database)
    if name in _NUMBERS:
        found = products[name].cast(pl.Float64)
    else:
        details = [json.loads(text) if text else {} for text in products[Products.DETAILS]]
        named = {key for each in details if isinstance(each, dict) for key in each}
        if name not in named:
            hint = did_you_mean(name, sorted({*_NUMBERS, IN_STOCK, *named}))
            raise ColumnError(f"the catalogue has no column {name!r}{hint}")
        cells = pl.Series(
            [
                None if not isinstance(e, dict) or e.get(name) is None else str(e[name])
                for e in details
            ],
            dtype=pl.String,
        )
        found = _numbers(cells, database, name)
    have = found.is_not_null()
    return _placed(products[Products.ITEM].filter(have), found.filter(have), items.ids)


def _table(path: Path) -> pl.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path, glob=False)
        return pl.read_csv(path, infer_schema=False, glob=False)
    except FileNotFoundError as error:
        raise ColumnError(f"there is no file {path}: correct the name, or put it there") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ColumnError(f"{path} is not a CSV or Parquet file ({reason})") from error


def _numbers(cells: pl.Series, path: Path, name: str) -> pl.Series:
    """Numbers, also from texts and truth values; ColumnError names the first that is none."""
    if cells.dtype == pl.Boolean or cells.dtype.is_numeric():
        numbers = cells.cast(pl.Float64)
    else:
        texts = cells.cast(pl.String).str.strip_chars()
        plain = texts.str.to_lowercase().replace(_WORDS)
        numbers = plain.cast(pl.Float64, strict=False)
    bad = cells.is_not_null() & ~numbers.is_finite().fill_null(False)
    if bad.any():
        row = int(bad.arg_max() or 0)
        where = f"line {row + 2}" if path.suffix.lower() == ".csv" else f"row {row + 1}"
        raise ColumnError(f"{path}, {where}, field {name!r}: {cells[row]!r} is not a number")
    return numbers


def _placed(keys: pl.Series, numbers: pl.Series, ids: IdMap) -> Column:
    rows = ids.rows(keys.to_list(), missing="negative")
    known = rows >= 0
    values = np.full(len(ids), np.nan)
    values[rows[known]] = numbers.to_numpy()[known]
    return Column(values, len(rows), int(known.sum()))
