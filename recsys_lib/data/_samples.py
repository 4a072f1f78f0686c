"""The first records of a file as text, for telling what its columns hold."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.missing import present
from recsys_lib.data.cleaning.notation import COMPACT, DATES
from recsys_lib.data.cleaning.numbers import Numbers
from recsys_lib.data.cleaning.times import read_times
from recsys_lib.data.formats import first_fields, first_records
from recsys_lib.data.formats.nested import nested_names, opened, split_names
from recsys_lib.data.formats.records import LINE, Records
from recsys_lib.data.units import EARLIEST

_ROWS = 1000
_NESTED_ROWS = 100
_DATES_TRIED = 200
_MOST, _SOME = 0.95, 0.5  # shares of the values
_FEWEST = 5  # values that can look like ratings
_TOPS = (5.0, 10.0)  # what the best rating is, on most scales
_LATEST = 4_102_444_800_000  # 2100-01-01 in milliseconds
_PER_MS = (0.001, 1, 1_000, 1_000_000)


def sample(path: Path) -> pl.DataFrame:
    """The first 1,000 records, all fields as text."""
    facts = path.stat()
    return _sample(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=200)
def _sample(path: Path, *_identity: int) -> pl.DataFrame:
    names = first_fields(path)
    # A column whose name repeats cannot be read, and nothing is lost unless it is needed.
    schema = {name: pl.String() for name in names if f"{name} (2)" not in names}
    records = first_records(path, schema, is_sample=True)
    return records.frame.drop(LINE).head(_ROWS).cast(pl.String)


def inner_names(path: Path) -> list[str]:
    """Names of values inside of the objects of a file, such as ``customer.id``."""
    facts = path.stat()
    return list(_inner_names(path, facts.st_mtime_ns, facts.st_size, facts.st_ino))


@lru_cache(maxsize=1000)
def _inner_names(path: Path, *_identity: int) -> tuple[str, ...]:
    rows = sample(path).head(_NESTED_ROWS)
    return tuple(name for column in rows.iter_columns() for name in nested_names(column))


def column(path: Path, name: str) -> pl.Series:
    """The first values of a field, also of one inside of an object; null where there are none."""
    facts = path.stat()
    return _column(path, name, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=1000)
def _column(path: Path, name: str, *_identity: int) -> pl.Series:
    frame = sample(path)
    if name in frame.columns:
        return present(frame[name])
    _, paths = split_names([name], first_fields(path))
    if not paths:
        return pl.Series(name, [], dtype=pl.String)
    # Only the sample is opened: a whole block would take longer than loading it.
    rows = Records(frame.with_columns(pl.int_range(1, pl.len() + 1).alias(LINE)), [])
    (inside,) = opened([lambda: rows], {name: pl.String()}, paths, path, apart=True)
    return present(inside().frame[name].cast(pl.String))


def examples(path: Path, name: str, n: int = 3) -> list[str]:
    """The first different values of a field."""
    values = column(path, name).drop_nulls().unique(maintain_order=True).head(n)
    return [str(value) for value in values]


def fits(ours: str, values: pl.Series) -> bool:
    """Whether values may be what a column of this name holds; True for none at all."""
    known = values.drop_nulls()
    if known.is_empty():
        return True
    if ours == Ratings.TIMESTAMP:
        times = read_times(known)
        numbers = len(known) - times.numbers.null_count()
        return numbers + times.evidence()[DATES] >= _SOME * len(known)
    if ours in (Ratings.RATING, Ratings.QUANTITY):
        read = Numbers.read(known).resolve()
        return len(known) - read.null_count() >= _SOME * len(known)
    return True


def look_like_times(values: pl.Series) -> bool:
    """Whether nearly all values are dates, or numbers that are times since 1990 in some unit."""
    known = values.drop_nulls().head(_DATES_TRIED)
    if known.is_empty():
        return False
    times = read_times(known)
    numbers = times.numbers.drop_nulls()
    units = ((numbers / per_ms).is_between(EARLIEST, _LATEST).sum() for per_ms in _PER_MS)
    evidence = times.evidence()
    return max(*units, evidence[COMPACT]) + evidence[DATES] >= _MOST * len(known)


def look_like_ratings(values: pl.Series) -> bool:
    """Whether nearly all values are whole or half points of 5 or 10, and the best one occurs."""
    known = values.drop_nulls()
    if len(known) < _FEWEST:
        return False
    numbers = Numbers.read(known).resolve().drop_nulls()
    if len(numbers) < _MOST * len(known) or numbers.n_unique() < 3:
        return False
    halves = (numbers * 2 == (numbers * 2).round()) & (numbers > 0)
    return bool(halves.all()) and numbers.max() in _TOPS
