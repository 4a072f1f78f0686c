"""The first records of a file as text, for telling what its columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import polars as pl

from recsys_lib.data.cleaning.missing import present
from recsys_lib.data.formats import AS_FOUND, TextForm, first_fields, first_records
from recsys_lib.data.formats.nested import nested_names, opened, split_names
from recsys_lib.data.formats.records import LINE, Records

_ROWS = 1000
_NESTED_ROWS = 100
_TEXT = "__text__"


def sample(path: Path, form: TextForm = AS_FOUND) -> pl.DataFrame:
    """The first records, at most 1,000, all fields as text; null for what is missing."""
    facts = path.stat()
    return _sample(path, form, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=200)
def _sample(path: Path, form: TextForm, *_identity: int) -> pl.DataFrame:
    names = first_fields(path, form)
    known = set(names)
    # A column whose name repeats cannot be read, and nothing is lost unless it is needed.
    schema = {name: pl.String() for name in names if f"{name} (2)" not in known}
    records = first_records(path, schema, form, is_sample=True)
    rows = records.frame.drop(LINE).head(_ROWS).cast(pl.String)
    # All columns as one: there may be thousands.
    texts = present(rows.unpivot(value_name=_TEXT)[_TEXT]) if rows.width else None
    return rows if texts is None else _split(texts, rows.columns)


def _split(texts: pl.Series, names: Sequence[str]) -> pl.DataFrame:
    """Columns of equal length that stand one after the other."""
    n = len(texts) // len(names)
    return pl.DataFrame([texts.slice(at * n, n).alias(name) for at, name in enumerate(names)])


def inner_names(path: Path, form: TextForm = AS_FOUND) -> list[str]:
    """Names of values inside of the objects of a file, such as ``customer.id``."""
    facts = path.stat()
    return list(_inner_names(path, form, facts.st_mtime_ns, facts.st_size, facts.st_ino))


@lru_cache(maxsize=1000)
def _inner_names(path: Path, form: TextForm, *_identity: int) -> tuple[str, ...]:
    return tuple(nested_names(sample(path, form).head(_NESTED_ROWS)))


def column(path: Path, name: str, form: TextForm = AS_FOUND) -> pl.Series:
    """The first values of a field, also of one inside of an object; null where there are none."""
    frame = sample(path, form)
    return frame[name] if name in frame.columns else _inner_column(path, name, frame, form)


def _inner_column(path: Path, name: str, frame: pl.DataFrame, form: TextForm) -> pl.Series:
    _, paths = split_names([name], first_fields(path, form))
    if not paths:
        return pl.Series(name, [], dtype=pl.String)
    # Only the sample is opened: a whole block would take longer than loading it.
    rows = Records(frame.with_columns(pl.int_range(1, pl.len() + 1).alias(LINE)), [])
    (inside,) = opened([lambda: rows], {name: pl.String()}, paths, path, apart=True)
    return present(inside().frame[name].cast(pl.String))


def examples(path: Path, name: str, form: TextForm = AS_FOUND, n: int = 3) -> list[str]:
    """The first different values of a field."""
    values = column(path, name, form).drop_nulls().unique(maintain_order=True).head(n)
    return [str(value) for value in values]
