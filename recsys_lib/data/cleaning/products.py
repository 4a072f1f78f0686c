"""From records to the product catalogue: clean titles, prices as numbers, lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.cleaning.ids import read_ids, unusable, without_fraction
from recsys_lib.data.cleaning.missing import MISSING
from recsys_lib.data.cleaning.notation import Evidence, Notation, Wishes, settle
from recsys_lib.data.cleaning.numbers import Numbers, read_counts
from recsys_lib.data.cleaning.prices import Prices
from recsys_lib.data.cleaning.texts import (
    json_texts,
    path_evidence,
    plain_titles,
    read_pictures,
    split_paths,
)
from recsys_lib.data.cleaning.times import read_times
from recsys_lib.data.cleaning.unreadable import UnreadableFields, join_unreadable, unreadable
from recsys_lib.data.formats.records import LINE, Records, Rejected
from recsys_lib.data.inputs import InputFiles

_JSON_COLUMNS = (
    Products.FEATURES,
    Products.DESCRIPTION,
    Products.IMAGES,
    Products.CATEGORIES,
    Products.DETAILS,
)
PRODUCT_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(Products.ALL, pl.String()),
    Products.AVERAGE_RATING: pl.Float64(),
    Products.RATING_NUMBER: pl.Int64(),
    Products.PRICE: pl.Float64(),
    Products.UPDATED: pl.Int64(),
}
"""Types of clean products."""
_COUNTED = (
    Products.TITLE,
    Products.PRICE,
    Products.AVERAGE_RATING,
    Products.RATING_NUMBER,
    Products.IMAGES,
    Products.UPDATED,
)


@dataclass(frozen=True)
class Catalogue:
    """Products in the form of the table ``product_catalog``.

    Parameters
    ----------
    products: columns ``Products.ALL`` and ``UPDATED`` (ms), one row per product, ordered by id.
    rejected: rejected lines.
    n_lines, n_duplicates: lines read; lines of a product that has a better one.
    n_repaired: lines that are read although they are not quite well-formed.
    unreadable: values that cannot be read, and are missing in the products.
    evidence, notations: by number of the file, what its values say about its notation, and what
        its products were read with.
    """

    products: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int
    n_duplicates: int
    n_repaired: int
    unreadable: UnreadableFields
    evidence: Mapping[int, Evidence]
    notations: Mapping[int, Notation]

    @property
    def frame(self) -> pl.DataFrame:
        """Columns ``Products.ALL``, one row per product, ordered by id."""
        return self.products.select(Products.ALL)

    @property
    def n_unreadable_prices(self) -> int:
        """Prices without a number, such as a dash."""
        lost = self.unreadable.get(Products.PRICE)
        return lost.values if lost else 0


@dataclass
class ProductRules:
    """Types and rules for the products of a dataset.

    A file is read in the notation of the block that comes first, until :meth:`settle` corrects it.
    """

    files: InputFiles
    wishes: Wishes = field(default_factory=Wishes)
    notations: dict[int, Notation] = field(default_factory=dict)

    def settle(self, evidence: Mapping[int, Evidence]) -> dict[int, Notation]:
        """The notation of each file, from what was seen in all of them; it is used from now on."""
        everything = sum(evidence.values(), Evidence())
        self.notations = {n: self._settled(own, everything) for n, own in evidence.items()}
        return self.notations

    def apply(self, records: Records, file: int) -> Catalogue:
        """Clean a block of the file with number ``file``; each product has its best line."""
        texts = self._texts(records.frame)
        ids, evidence = read_ids(texts[Products.ITEM])
        reasons = _reasons(ids)
        bad = reasons.is_not_null()
        rejected = _rejected(texts.filter(bad), reasons.filter(bad), self.files.products[file])
        named = texts.with_columns(ids).filter(~bad)
        # Python functions run here, not inside expressions: polars would call them from its own
        # threads, which wait for Python's lock while another thread of ours holds it and waits for
        # polars.
        lists = {name: json_texts(named[name]) for name in _JSON_COLUMNS}
        categories = lists[Products.CATEGORIES]
        prices, ratings = (
            Prices(named[Products.PRICE]),
            Numbers.read(named[Products.AVERAGE_RATING]),
        )
        times = read_times(named[Products.UPDATED])
        for found in (prices, ratings, times):
            evidence.update(found.evidence())
        evidence.update(path_evidence(categories))
        notation = self.notations.setdefault(file, self._settled(evidence, evidence))
        id_column = named[Products.ITEM]
        clean = named.with_columns(
            without_fraction(id_column) if notation.whole_ids else id_column,
            plain_titles(named[Products.TITLE]),
            prices.resolve(notation.decimal),
            ratings.resolve(notation.decimal),
            read_counts(named[Products.RATING_NUMBER]),
            *lists.values(),
        ).with_columns(
            split_paths(categories, notation.separator),
            read_pictures(lists[Products.IMAGES]),
            times.resolve(notation).alias(Products.UPDATED),
        )
        products = _best_lines(clean.select(*Products.ALL, Products.UPDATED))
        return Catalogue(
            products,
            rejected=records.rejected + rejected,
            n_lines=records.n_lines,
            n_duplicates=len(named) - len(products),
            n_repaired=records.n_repaired,
            unreadable=join_unreadable(unreadable(named[n], clean[n]) for n in _COUNTED),
            evidence={file: evidence},
            notations={file: notation},
        )

    def _settled(self, own: Evidence, everything: Evidence) -> Notation:
        return settle(own, everything, Wishes(decimal=self.wishes.decimal), ids=(Products.ITEM,))

    def _texts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Our columns as text, each from its first field with content."""
        fields = {Products.UPDATED: (), **self.files.product_fields}
        details = _gathered(frame, fields) if self.files.gathers_details else None
        values = (_first_value(names).alias(ours) for ours, names in fields.items())
        texts = frame.select(LINE, *values)
        return texts if details is None else texts.with_columns(details)


def clean_products(records: Records, files: InputFiles, file: int) -> Catalogue:
    """Clean one block of the file with number ``file``, without a look at the others."""
    return ProductRules(files).apply(records, file)


def join_catalogues(parts: Sequence[Catalogue]) -> Catalogue:
    """Join catalogues; each product has its best line."""
    everything = pl.concat(
        [pl.DataFrame(schema=PRODUCT_SCHEMA), *(part.products for part in parts)]
    )
    products = _best_lines(everything)
    rejected = [bad for part in parts for bad in part.rejected]
    evidence: dict[int, Evidence] = {}
    for part in parts:
        for file, found in part.evidence.items():
            evidence[file] = evidence.get(file, Evidence()) + found
    return Catalogue(
        products,
        rejected=sorted(rejected, key=lambda bad: (bad.file, bad.line)),
        n_lines=sum(part.n_lines for part in parts),
        n_duplicates=sum(part.n_duplicates for part in parts) + len(everything) - len(products),
        n_repaired=sum(part.n_repaired for part in parts),
        unreadable=join_unreadable(part.unreadable for part in parts),
        evidence=evidence,
        notations={file: one for part in parts for file, one in part.notations.items()},
    )


def _best_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """One line per product, ordered by id, whatever the order of the lines.

    The best was updated last; where nothing says when, it has the most filled fields, then the
    longest title; of equally good lines, it is the one whose texts come first.
    """
    again = lines[Products.ITEM].is_duplicated()
    several = lines.filter(again).sort(
        Products.ITEM,
        -pl.col(Products.UPDATED),
        -pl.sum_horizontal(pl.col(Products.ALL).is_not_null()).cast(pl.Int32),
        -pl.col(Products.TITLE).str.len_chars().fill_null(0).cast(pl.Int64),
        *Products.ALL,
        nulls_last=[False, True] + [False] * (2 + len(Products.ALL)),
    )
    best = several.unique(Products.ITEM, keep="first", maintain_order=True)
    return pl.concat([lines.filter(~again), best]).sort(Products.ITEM)


def _reasons(ids: pl.Series) -> pl.Series:
    """Why a line without a usable id is rejected; null for the others."""
    kinds = [(ids.is_null(), "is missing"), *unusable(ids)]
    said = (pl.when(bad).then(pl.lit(f"{Products.ITEM} {why}")) for bad, why in kinds)
    return pl.select(pl.coalesce(said)).to_series()


def _rejected(texts: pl.DataFrame, reasons: pl.Series, path: Path) -> list[Rejected]:
    return [
        Rejected.from_line(path, line, reason, str(title))
        for line, reason, title in zip(texts[LINE], reasons, texts[Products.TITLE], strict=True)
    ]


def _first_value(names: tuple[str, ...]) -> pl.Expr:
    """The first field with content: not null, blank, an empty list or a word for nothing."""
    texts = (pl.col(name).str.strip_chars() for name in names)
    values = [pl.when(~text.is_in(["", "[]", "{}", *MISSING])).then(text) for text in texts]
    return pl.coalesce(values) if values else pl.lit(None, dtype=pl.String)


def _gathered(frame: pl.DataFrame, fields: dict[str, tuple[str, ...]]) -> pl.Series:
    """All details with content as one JSON object; they are taken out of ``fields``."""
    names, fields[Products.DETAILS] = fields[Products.DETAILS], ()
    rows = frame.select(names).iter_rows()
    found = ({n: v for n, v in zip(names, row, strict=True) if v and v.strip()} for row in rows)
    texts = [json.dumps(one, ensure_ascii=False) if one else None for one in found]
    return pl.Series(Products.DETAILS, texts, dtype=pl.String)
