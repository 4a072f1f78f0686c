"""Read input files from first line to last: clean rows, rejected lines, counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data._background import in_background, keep_freed_memory, side_by_side
from recsys_lib.data.cleaning.products import Catalogue, clean_products, join_catalogues
from recsys_lib.data.cleaning.ratings import RatingRules
from recsys_lib.data.formats import reader_of
from recsys_lib.data.formats.records import Records, Rejected, Schema, Start, Work
from recsys_lib.data.input_files import InputFiles
from recsys_lib.data.layouts import Fields
from recsys_lib.data.units import AUTO

T = TypeVar("T")

# The rating is missing here: a number with a fraction may lose the text that the file has.
_WANTED_TYPES = {
    Ratings.TIMESTAMP: pl.Int64(),
    Ratings.VERIFIED: pl.Boolean(),
    Ratings.HELPFUL: pl.Int64(),
}
_ROW_SCHEMA = {
    Ratings.USER: pl.String(),
    Ratings.ITEM: pl.String(),
    Ratings.RATING: pl.Float64(),
    Ratings.TIMESTAMP: pl.Int64(),
    Ratings.VERIFIED: pl.Int8(),
    Ratings.HELPFUL: pl.Int64(),
    Ratings.QUANTITY: pl.Float64(),
    Ratings.EVENT: pl.String(),
}


@dataclass
class Intake:
    """What was read.

    Parameters
    ----------
    rows: ratings, columns ``InputFiles.review_columns``.
    catalogue: the products, which may still be read.
    rejected: rejected lines of the review files.
    n_lines: lines of the review files, good or bad.
    unit: unit of times that are numbers.
    """

    rows: pl.DataFrame
    catalogue: Future[Catalogue]
    rejected: list[Rejected]
    n_lines: int
    unit: str


def read_input(
    files: InputFiles, unit: str = AUTO, starts: Mapping[Path, Start | None] | None = None
) -> Intake:
    """Read and clean all files, each from its start on (default: all of it); None skips a file."""
    starts = {path: Start() for path in (*files.reviews, *files.products)} | dict(starts or {})
    keep_freed_memory()
    rules = RatingRules(files, unit)
    tasks = _tasks(files.reviews, files.review_fields, starts, rules.apply)
    parts = [task() for task in islice(tasks, 1)]  # alone, as it settles the unit of the times
    parts += side_by_side(tasks)
    catalogue = in_background(_read_products, files, starts)
    none = pl.DataFrame(schema={name: _ROW_SCHEMA[name] for name in files.review_columns})
    # Everything that follows is much faster on one contiguous table.
    rows = pl.concat([none, *(part.rows for part in parts)], rechunk=True)
    rejected = [bad for part in parts for bad in part.rejected]
    return Intake(rows, catalogue, rejected, sum(part.n_lines for part in parts), rules.unit)


def schema_of(fields: Fields) -> Schema:
    """All names to read from the files for these fields, with the types wanted for them."""
    schema: dict[str, pl.DataType] = {}
    for ours, names in fields.items():
        for name in names:
            wanted = _WANTED_TYPES.get(ours, pl.String())
            # A field that is wanted with two types comes as text.
            schema[name] = wanted if schema.get(name, wanted) == wanted else pl.String()
    return schema


def _read_products(files: InputFiles, starts: Mapping[Path, Start | None]) -> Catalogue:
    def clean(records: Records, file: int) -> Catalogue:
        return clean_products(records, files, file)

    tasks = _tasks(files.products, files.product_fields, starts, clean)
    return join_catalogues(list(side_by_side(tasks)))


def _tasks(
    files: Sequence[Path],
    fields: Fields,
    starts: Mapping[Path, Start | None],
    clean: Callable[[Records, int], T],
) -> Iterator[Callable[[], T]]:
    """For each block a task that reads its records and cleans them, given their file's number."""

    def cleaned(work: Work, number: int) -> T:
        return clean(work(), number)

    schema = schema_of(fields)
    for number, path in enumerate(files):
        start = starts[path]
        if start is not None:
            for work in reader_of(path).read(path, schema, start):
                yield partial(cleaned, work, number)
