"""Look at somebody's files without loading them: what they are taken for, and the first rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.catalogue import clean_products
from recsys_lib.data.cleaning import RatingRules
from recsys_lib.data.formats.blocks import Start
from recsys_lib.data.formats.records import first_fields, reader_of
from recsys_lib.data.presets import PRESETS
from recsys_lib.data.rejected import Rejected
from recsys_lib.data.sources import Source, find_source, review_files, source_schema
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

_ROWS = 5
_SHOWN_PRODUCT = (Products.ITEM, Products.TITLE, Products.STORE, Products.PRICE)
_HINTS = {
    Ratings.USER: ("user", "customer", "client", "buyer", "reviewer", "member", "visitor"),
    Ratings.ITEM: ("item", "product", "sku", "asin", "article", "movie", "book", "track"),
    Ratings.RATING: ("rating", "stars", "score", "overall", "points"),
    Ratings.TIMESTAMP: ("timestamp", "time", "date", "ordered", "created", "_at"),
}


@dataclass(frozen=True)
class Finding:
    """How a folder of files is understood.

    Parameters
    ----------
    source: files and fields.
    parameters: what to put under ``etl:`` in the file for ``--config``; {} when nothing is needed.
    ratings, products: the first rows as they would be loaded.
    rejected: the first lines that would be set aside.
    unit: what times that are numbers mean.
    """

    source: Source
    parameters: dict[str, object]
    ratings: pl.DataFrame
    products: pl.DataFrame
    rejected: list[Rejected]
    unit: str

    def configuration(self, dataset: str) -> str:
        """The YAML that loads these files."""
        values: dict[str, object] = {"dataset": dataset}
        return yaml.safe_dump(values | ({"etl": self.parameters} if self.parameters else {}))

    def mapping(self) -> pl.DataFrame:
        """Our columns beside those of the files: ``column, in the file``."""
        rows = [
            (f"{table}.{ours}", " or ".join(names) or "-")
            for table, fields in (
                ("ratings", self.source.review_fields),
                ("products", self.source.product_fields if self.source.products else {}),
            )
            for ours, names in fields.items()
        ]
        return pl.DataFrame(rows, schema=["column", "in the file"], orient="row")


def inspect(path: Path) -> Finding:
    """Look at a folder, or at one file of ratings; InputDataError when it cannot be understood."""
    folder = path.parent if path.is_file() else path
    dataset = Dataset.find(folder.resolve())
    parameters: dict[str, object] = {"reviews": path.name} if path.is_file() else {}
    try:
        source = _found(dataset, parameters)
    except InputDataError:
        columns = _guessed(dataset, parameters)
        if columns is None:
            raise
        parameters |= {"source": "tables", "columns": columns}
        source = _found(dataset, parameters)
    rules = RatingRules(source)
    schema = source_schema(source.review_fields)
    first = next(reader_of(source.reviews[0]).read(source.reviews[0], schema, Start()))()
    clean = rules.apply(first, 0)
    return Finding(
        source=source,
        parameters=parameters,
        ratings=clean.rows.head(_ROWS).select(Ratings.ALL),
        products=_first_products(source),
        rejected=clean.rejected[:_ROWS],
        unit=rules.unit,
    )


def _first_products(source: Source) -> pl.DataFrame:
    if not source.products:
        return pl.DataFrame()
    path, schema = source.products[0], source_schema(source.product_fields)
    first = next(reader_of(path).read(path, schema, Start()))()
    return clean_products(first, source, 0).frame.head(_ROWS).select(_SHOWN_PRODUCT)


def _found(dataset: Dataset, parameters: dict[str, object]) -> Source:
    return find_source(dataset, EtlParameters.model_validate(parameters))


def _guessed(dataset: Dataset, parameters: dict[str, object]) -> dict[str, str] | None:
    """A mapping by what the columns are called; None when users or items cannot be guessed."""
    files = review_files(dataset, EtlParameters.model_validate(parameters))
    fields, known = first_fields(files[0]), PRESETS["tables"].reviews
    columns: dict[str, str] = {}
    for ours, hints in _HINTS.items():
        if not set(known[ours]) & set(fields):
            guess = _closest(fields, hints, taken=columns.values())
            if guess is not None:
                columns[ours] = guess
            elif ours in (Ratings.USER, Ratings.ITEM):
                return None
    return columns


def _closest(fields: Collection[str], hints: Collection[str], taken: Collection[str]) -> str | None:
    free = [field for field in fields if field not in taken]
    matches = (field for hint in hints for field in free if hint in field.lower())
    return next(matches, None)
