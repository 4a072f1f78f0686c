"""Read a source from its first line to its last: rows in their places, bad lines, and counts."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.background import in_background
from recsys_lib.data.catalogue import Catalogue, clean_products, join_catalogues
from recsys_lib.data.cleaning import FILE, RatingRules
from recsys_lib.data.formats.blocks import LINE, Records, Start, Work
from recsys_lib.data.formats.records import reader_of
from recsys_lib.data.memory import keep_freed_memory
from recsys_lib.data.presets import Fields
from recsys_lib.data.rejected import Rejected
from recsys_lib.data.sources import Source, source_schema
from recsys_lib.data.times import AUTO

T = TypeVar("T")

_CHUNK = 1 << 22
_BLOCKS_AT_ONCE = 2
ROW_SCHEMA = {
    Ratings.USER: pl.String(),
    Ratings.ITEM: pl.String(),
    Ratings.RATING: pl.Float64(),
    Ratings.TIMESTAMP: pl.Int64(),
    Ratings.VERIFIED: pl.Int8(),
    Ratings.HELPFUL: pl.Int64(),
    FILE: pl.Int32(),
    LINE: pl.Int64(),
}
"""Columns of typed ratings in their places."""


@dataclass(frozen=True)
class Extent:
    """A file up to some byte: how many bytes and line ends, and their SHA-256."""

    bytes: int
    lines: int
    sha256: str

    @property
    def end(self) -> Start:
        """Where the rest begins."""
        return Start(self.bytes, self.lines + 1)


@dataclass
class Intake:
    """What was read.

    Parameters
    ----------
    rows: typed ratings, columns as in ``ROW_SCHEMA``, in the order of ``FILE`` and ``LINE``.
    catalogue: the products, which are still being read.
    rejected: lines with ratings that were set aside.
    n_lines: lines with ratings, good or bad.
    unit: what times that are numbers mean.
    """

    rows: pl.DataFrame
    catalogue: Future[Catalogue]
    rejected: list[Rejected]
    n_lines: int
    unit: str


def read_source(
    source: Source, unit: str = AUTO, starts: Mapping[Path, Start | None] | None = None
) -> Intake:
    """Read and clean all files, or the part of each from its start on; None skips a file."""
    starts = {path: Start() for path in (*source.reviews, *source.products)} | dict(starts or {})
    keep_freed_memory()
    rules = RatingRules(source, unit)
    tasks = _tasks(source.reviews, source.review_fields, starts, rules.apply)
    parts = [task() for task in islice(tasks, 1)]  # the first settles the unit of times
    parts += _side_by_side(tasks)
    catalogue = in_background(_read_products, source, starts)
    # In one piece, as what follows is done much faster then.
    rows = pl.concat([pl.DataFrame(schema=ROW_SCHEMA), *(p.rows for p in parts)], rechunk=True)
    rejected = [bad for part in parts for bad in part.rejected]
    return Intake(rows, catalogue, rejected, sum(part.n_lines for part in parts), rules.unit)


def measure(path: Path, part: int | None = None) -> tuple[Extent, Extent | None]:
    """The extent of a file, and that of its first ``part`` bytes when it has so many."""
    digest, size, lines, first = hashlib.sha256(), 0, 0, None
    with path.open("rb") as file:
        while True:
            if size == part:
                first = Extent(size, lines, digest.hexdigest())
            left = _CHUNK if part is None or size >= part else min(_CHUNK, part - size)
            data = file.read(left)
            if not data:
                return Extent(size, lines, digest.hexdigest()), first
            digest.update(data)
            size += len(data)
            lines += data.count(b"\n")


def _read_products(source: Source, starts: Mapping[Path, Start | None]) -> Catalogue:
    def clean(records: Records, file: int) -> Catalogue:
        return clean_products(records, source, file)

    tasks = _tasks(source.products, source.product_fields, starts, clean)
    return join_catalogues(list(_side_by_side(tasks)))


def _tasks(
    files: Sequence[Path],
    fields: Fields,
    starts: Mapping[Path, Start | None],
    clean: Callable[[Records, int], T],
) -> Iterator[Callable[[], T]]:
    """For each block: read its records and clean them, given the number of their file."""

    def cleaned(work: Work, number: int) -> T:
        return clean(work(), number)

    schema = source_schema(fields)
    for number, path in enumerate(files):
        start = starts[path]
        if start is not None:
            for work in reader_of(path).read(path, schema, start):
                yield partial(cleaned, work, number)


def _side_by_side(tasks: Iterable[Callable[[], T]]) -> Iterator[T]:
    """The results in their order; so many blocks are worked on that all cores are busy."""
    with ThreadPoolExecutor(_BLOCKS_AT_ONCE) as pool:
        waiting: deque[Future[T]] = deque()
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > _BLOCKS_AT_ONCE:
                yield waiting.popleft().result()
        yield from (future.result() for future in waiting)


def renumbered(frame: pl.DataFrame, before: Sequence[Path], now: Sequence[Path]) -> pl.DataFrame:
    """The frame with the numbers that its files have now."""
    numbers = {old: now.index(path) for old, path in enumerate(before)}
    return frame.with_columns(pl.col(FILE).replace_strict(numbers, return_dtype=pl.Int32))
