"""Parquet tables: every value as text, one batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recsys_lib.data.formats.records import LINE, Records, Schema, Start, Work, with_fields
from recsys_lib.errors import InputDataError

_BATCH_ROWS = 500_000


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
        row = 1
        try:
            for batch in pq.ParquetFile(path).iter_batches(_BATCH_ROWS, columns=present):
                yield partial(_records, batch, schema, row)
                row += len(batch)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputDataError(
                f"not readable as Parquet ({error}): write or download it again", file=path
            ) from error


def _records(batch: pa.RecordBatch, schema: Schema, row: int) -> Records:
    frame = pl.DataFrame(pl.from_arrow(batch))
    frame = frame.with_columns(_as_text(frame[name]) for name in frame.columns)
    numbers = pl.int_range(row, row + len(batch), dtype=pl.Int64, eager=True)
    return Records(with_fields(frame, schema, numbers.alias(LINE)), [])


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Datetime:
        return column.dt.epoch("ms").cast(pl.String)
    if isinstance(column.dtype, pl.List | pl.Struct | pl.Array):
        wrapped = column.to_frame().select(pl.struct(column.name).struct.json_encode())
        return wrapped.to_series().str.json_path_match(f"$.['{column.name}']").alias(column.name)
    return column.cast(pl.String)
