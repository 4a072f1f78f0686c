"""Columns in names of folders, as Spark and Hive write them: ``dt=2024-01-01/part-0.parquet``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from recsys_lib.data.formats.records import LINE, Records, Schema, Work

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def partition_values(path: Path) -> dict[str, str | None]:
    """Name and value of each folder right above a file that is named so, the outermost first."""
    found: dict[str, str | None] = {}
    for folder in path.parents:
        name, mark, value = folder.name.partition("=")
        if not name or not mark:
            break
        found[unquote(name)] = None if value == _NO_VALUE else unquote(value)
    return dict(reversed(found.items()))


def with_values(
    works: Iterable[Work], schema: Schema, values: Mapping[str, str | None]
) -> Iterator[Work]:
    """The works of a reader, each record with the values of its folders."""
    for work in works:
        yield partial(_with_values, work, schema, values)


def _with_values(work: Work, schema: Schema, values: Mapping[str, str | None]) -> Records:
    records = work()
    columns = (pl.lit(value, dtype=pl.String).alias(name) for name, value in values.items())
    return replace(records, frame=records.frame.with_columns(columns).select(*schema, LINE))
