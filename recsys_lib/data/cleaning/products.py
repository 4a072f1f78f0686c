"""From records to the product catalogue: clean titles, prices as numbers, lists as JSON."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.formats.records import LINE, Records, Rejected
from recsys_lib.data.input_files import InputFiles

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_SPACE = re.compile(r"[\s\0]+")
_MARKUP = r"[<&\x00]|\s\s|[\s--[ ]]"
_JSON_COLUMNS = (
    Products.FEATURES,
    Products.DESCRIPTION,
    Products.IMAGES,
    Products.CATEGORIES,
    Products.DETAILS,
)
_EMPTY = pl.DataFrame(
    schema={
        **dict.fromkeys(Products.ALL, pl.String()),
        Products.PRICE: pl.Float64(),
        Products.AVERAGE_RATING: pl.Float64(),
        Products.RATING_NUMBER: pl.Int64(),
    }
)
_NUMBER = r"(\d[\d.,]*)"
_DECIMAL_COMMA = r",\d{1,2}$"  # 12,99 and 1.234,56, but not 1,234


@dataclass(frozen=True)
class Catalogue:
    """Products in the form of the table ``product_catalog``.

    Parameters
    ----------
    frame: columns ``Products.ALL``, one row per product, ordered by id.
    rejected: rejected lines.
    n_lines, n_duplicates: lines read; lines of a product that has a better one.
    n_unreadable_prices: prices without a number, such as a dash.
    """

    frame: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int
    n_duplicates: int
    n_unreadable_prices: int


def clean_products(records: Records, files: InputFiles, file: int) -> Catalogue:
    """Clean a block of the file with number ``file``; each product has its best line."""
    fields = dict(files.product_fields)
    details = _gathered(records.frame, fields) if files.gathers_details else None
    texts = records.frame.select(
        LINE, *(_first_value(names).alias(ours) for ours, names in fields.items())
    )
    if details is not None:
        texts = texts.with_columns(details)
    nameless = texts.filter(pl.col(Products.ITEM).is_null())
    named = texts.filter(pl.col(Products.ITEM).is_not_null())
    # Python functions run here, not inside expressions: polars would call them from its own
    # threads, which wait for Python's lock while another thread of ours holds it and waits for
    # polars.
    clean = named.with_columns(
        *_numbers(),
        _plain_titles(named[Products.TITLE]),
        *(_json_texts(named[name]) for name in _JSON_COLUMNS),
    )
    products = _best_lines(clean.select(Products.ALL))
    unreadable = named.select(
        pl.col(Products.PRICE).is_not_null() & _price(pl.col(Products.PRICE)).is_null()
    )
    rejected = [
        Rejected.from_line(files.products[file], line, f"{Products.ITEM} is missing", str(title))
        for line, title in nameless.select(LINE, Products.TITLE).iter_rows()
    ]
    return Catalogue(
        frame=products,
        rejected=records.rejected + rejected,
        n_lines=records.n_lines,
        n_duplicates=len(named) - len(products),
        n_unreadable_prices=int(unreadable.to_series().sum()),
    )


def join_catalogues(parts: Sequence[Catalogue]) -> Catalogue:
    """Join catalogues; each product has its best line."""
    everything = pl.concat([_EMPTY, *(part.frame for part in parts)])
    products = _best_lines(everything)
    rejected = [bad for part in parts for bad in part.rejected]
    return Catalogue(
        frame=products,
        rejected=sorted(rejected, key=lambda bad: (bad.file, bad.line)),
        n_lines=sum(part.n_lines for part in parts),
        n_duplicates=sum(part.n_duplicates for part in parts) + len(everything) - len(products),
        n_unreadable_prices=sum(part.n_unreadable_prices for part in parts),
    )


def _best_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """One line per product, ordered by id, whatever the order of the lines.

    The best has the most filled fields, then the longest title; of equally good lines, the one
    whose texts come first.
    """
    again = lines[Products.ITEM].is_duplicated()
    several = lines.filter(again).sort(
        Products.ITEM,
        -pl.sum_horizontal(pl.col(Products.ALL).is_not_null()).cast(pl.Int32),
        -pl.col(Products.TITLE).str.len_chars().fill_null(0).cast(pl.Int64),
        *Products.ALL,
    )
    best = several.unique(Products.ITEM, keep="first", maintain_order=True)
    return pl.concat([lines.filter(~again), best]).sort(Products.ITEM)


def plain_text(text: str) -> str:
    """Text without HTML tags, entities and NUL characters, and with single spaces only."""
    return _SPACE.sub(" ", html.unescape(_TAG.sub(" ", text))).strip()


def _first_value(names: tuple[str, ...]) -> pl.Expr:
    """The first field with content: not null, blank or an empty list."""
    texts = (pl.col(name).str.strip_chars() for name in names)
    values = [pl.when(~text.is_in(["", "[]", "{}"])).then(text) for text in texts]
    return pl.coalesce(values) if values else pl.lit(None, dtype=pl.String)


def _gathered(frame: pl.DataFrame, fields: dict[str, tuple[str, ...]]) -> pl.Series:
    """All details with content as one JSON object; they are taken out of ``fields``."""
    names, fields[Products.DETAILS] = fields[Products.DETAILS], ()
    rows = frame.select(names).iter_rows()
    found = ({n: v for n, v in zip(names, row, strict=True) if v and v.strip()} for row in rows)
    texts = [json.dumps(one, ensure_ascii=False) if one else None for one in found]
    return pl.Series(Products.DETAILS, texts, dtype=pl.String)


def _numbers() -> list[pl.Expr]:
    return [
        _price(pl.col(Products.PRICE)),
        pl.col(Products.AVERAGE_RATING).cast(pl.Float64, strict=False),
        pl.col(Products.RATING_NUMBER).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False),
    ]


def _price(text: pl.Expr) -> pl.Expr:
    """The first number in a text, with a decimal point or a decimal comma."""
    number = text.str.extract(_NUMBER).str.strip_chars_end(".,")
    comma = number.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    point = number.str.replace_all(",", "", literal=True)
    plain = pl.when(number.str.contains(_DECIMAL_COMMA)).then(comma).otherwise(point)
    return plain.cast(pl.Float64, strict=False)


def _plain_titles(titles: pl.Series) -> pl.Series:
    return _mended(titles, titles.str.contains(_MARKUP), lambda title: plain_text(title) or None)


def _json_texts(values: pl.Series) -> pl.Series:
    """Lists and objects as JSON, even when Python printed them; other text unchanged."""
    nested = values.str.contains(r"^[\[{]")
    # Python prints strings in single quotes, so text without any is JSON for sure.
    sure = values.str.contains(r'^(\["|\{"|\[\{")') & ~values.str.contains("'", literal=True)
    return _mended(values, nested & ~sure, _json_text)


def _mended(values: pl.Series, doubtful: pl.Series, mend: Callable[[str], str | None]) -> pl.Series:
    """The values, with ``mend`` applied to the doubtful ones only."""
    places = doubtful.fill_null(False).arg_true()
    if not len(places):
        return values
    made = pl.Series(values.name, [mend(value) for value in values.gather(places)], dtype=pl.String)
    return values.clone().scatter(places, made)


def _json_text(value: str) -> str:
    try:
        json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        try:
            return json.dumps(ast.literal_eval(value), ensure_ascii=False, default=str)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    return value
