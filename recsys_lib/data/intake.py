"""Read a source from its first line to its last: rows in their places, bad lines, and counts."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.background import in_background
from recsys_lib.data.catalogue import Catalogue, clean_products, join_catalogues
from recsys_lib.data.cleaning import FILE, RatingRules
from recsys_lib.data.formats.blocks import LINE, Records, Start, Work
from recsys_lib.data.formats.records import reader_of
from recsys_lib.data.presets import Fields
from recsys_lib.data.rejected import Rejected
from recsys_lib.data.sources import Source, source_names
from recsys_lib.data.times import AUTO

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
    rules = RatingRules(source, unit)
    frames, rejected, n_lines = [pl.DataFrame(schema=ROW_SCHEMA)], [], 0
    for number, records in _records(source.reviews, source.review_fields, starts):
        rows, bad = rules.apply(records, number)
        frames.append(rows)
        rejected += bad
        n_lines += records.n_lines
    catalogue = in_background(_read_products, source, starts)
    return Intake(pl.concat(frames), catalogue, rejected, n_lines, rules.unit)


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
    read = _records(source.products, source.product_fields, starts)
    return join_catalogues([clean_products(records, source, number) for number, records in read])


def _records(
    files: Sequence[Path], fields: Fields, starts: Mapping[Path, Start | None]
) -> Iterator[tuple[int, Records]]:
    """Records with the number of their file."""
    names = source_names(fields)
    for number, path in enumerate(files):
        start = starts[path]
        if start is not None:
            for records in _side_by_side(reader_of(path).read(path, names, start)):
                yield number, records


def _side_by_side(work: Iterable[Work]) -> Iterator[Records]:
    """The results in their order; a few blocks are worked on while one is used."""
    with ThreadPoolExecutor(_BLOCKS_AT_ONCE) as pool:
        waiting: deque[Future[Records]] = deque()
        for task in work:
            waiting.append(pool.submit(task))
            if len(waiting) > _BLOCKS_AT_ONCE:
                yield waiting.popleft().result()
        yield from (future.result() for future in waiting)


def renumbered(frame: pl.DataFrame, before: Sequence[Path], now: Sequence[Path]) -> pl.DataFrame:
    """The frame with the numbers that its files have now."""
    numbers = {old: now.index(path) for old, path in enumerate(before)}
    return frame.with_columns(pl.col(FILE).replace_strict(numbers, return_dtype=pl.Int32))
