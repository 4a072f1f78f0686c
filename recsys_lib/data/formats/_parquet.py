"""Parquet tables: every value as text, one batch of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recsys_lib.data.formats.records import LINE, Records, Schema, Start, Work, with_fields
from recsys_lib.errors import InputDataError

_BATCH_ROWS, _SAMPLE_ROWS = 500_000, 1_000


@dataclass(frozen=True)
class Parquet:
    """Reader of Parquet files; the "line" of a record is its row number from 1."""

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """The column names."""
        try:
            return list(pq.read_schema(path).names)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputDataError(
                f"not readable as Parquet ({error}): write or download it again", file=path
            ) from error

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """All rows as text columns; lists and objects become JSON text."""
        present = [name for name in schema if name in self.fields(path)]
        row, size = 1, _SAMPLE_ROWS if start.is_sample else _BATCH_ROWS
        try:
            for batch in pq.ParquetFile(path).iter_batches(size, columns=present):
                yield partial(batch_records, batch, schema, row)
                row += len(batch)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputDataError(
                f"not readable as Parquet ({error}): write or download it again", file=path
            ) from error


def batch_records(batch: pa.RecordBatch, schema: Schema, row: int) -> Records:
    """Rows from number ``row`` on, as text, but for times where ``schema`` wants them as such."""
    columns = {name: _plain(batch.column(name)) for name in batch.schema.names}
    frame = pl.DataFrame(pl.from_arrow(pa.table(columns)))
    frame = frame.with_columns(
        frame[name] if frame[name].dtype == pl.Datetime == schema[name] else _as_text(frame[name])
        for name in frame.columns
    )
    numbers = pl.int_range(row, row + len(batch), dtype=pl.Int64, eager=True)
    return Records(with_fields(frame, schema, numbers.alias(LINE)), [])


def _plain(column: pa.Array) -> pa.Array:
    """Types that polars has no text for, as text: UUIDs, bytes, durations in seconds, maps."""
    if not _is_strange(column.type):
        return column
    return pa.array((_shown(value) for value in column.to_pylist()), pa.string())


def _is_strange(kind: pa.DataType) -> bool:
    """Whether polars has no text for a type, or for one inside of it."""
    if pa.types.is_map(kind) or pa.types.is_duration(kind) or isinstance(kind, pa.UuidType):
        return True
    is_bytes = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    if any(is_one(kind) for is_one in is_bytes):
        return True
    return any(_is_strange(kind.field(n).type) for n in range(kind.num_fields))


def _shown(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(_as_dict(value), default=_shown, ensure_ascii=False)
    return str(value.total_seconds()) if isinstance(value, timedelta) else _text(value)


def _as_dict(value: object) -> object:
    """Maps, which come as lists of pairs, as objects."""
    pairs = isinstance(value, list) and value and all(isinstance(one, tuple) for one in value)
    return dict(value) if pairs else value  # type: ignore[call-overload]


def _text(value: object) -> str:
    """Bytes as UTF-8 or, where they are no text, as hexadecimal digits."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Datetime:
        return column.dt.epoch("ms").cast(pl.String)
    if isinstance(column.dtype, pl.List | pl.Struct | pl.Array):
        wrapped = column.to_frame().select(pl.struct(column.name).struct.json_encode())
        return wrapped.to_series().str.json_path_match(f"$.['{column.name}']").alias(column.name)
    return column.cast(pl.String)
