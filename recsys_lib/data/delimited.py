"""Tables with named columns: CSV, TSV and Parquet, every value as text."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import polars as pl

from recsys_lib.data.open_files import open_binary
from recsys_lib.data.rejected import Rejected
from recsys_lib.errors import InputDataError

_SLOW_PATH_ERRORS = (pl.exceptions.ComputeError, pl.exceptions.SchemaError)


@dataclass(frozen=True)
class Delimited:
    """Reader of CSV and TSV files whose first line names the columns."""

    line_column: str
    separator: str

    def fields(self, path: Path) -> list[str]:
        """The column names of the first line."""
        _, header = next(self._rows(path), (1, []))
        if not any(header):
            raise InputDataError("the first line names no columns", file=path, line=1)
        return header

    def read(self, path: Path, fields: Sequence[str]) -> tuple[pl.DataFrame, list[Rejected]]:
        """All rows as text columns, and the rows that do not fit the header."""
        header = self.fields(path)
        with open_binary(path) as file:
            content = file.read()
        try:
            frame = pl.read_csv(content, separator=self.separator, infer_schema=False)
        except _SLOW_PATH_ERRORS:
            return self._read_row_by_row(path, header, fields)
        if content.count(b'"') and any(frame[c].str.contains("\n").any() for c in frame.columns):
            # A value with line breaks: only the slow reader knows the line numbers.
            return self._read_row_by_row(path, header, fields)
        numbers = pl.int_range(2, len(frame) + 2, dtype=pl.Int64, eager=True)
        return _with_fields(frame, fields, numbers.alias(self.line_column)), []

    def _read_row_by_row(
        self, path: Path, header: list[str], fields: Sequence[str]
    ) -> tuple[pl.DataFrame, list[Rejected]]:
        rows, numbers, rejected = [], [], []
        for line, row in self._rows(path, skip=1):
            reason = _row_problem(row, header)
            if reason is None:
                rows.append([value or None for value in row])
                numbers.append(line)
            else:
                text = self.separator.join(row).encode("utf-8", "surrogateescape")
                rejected.append(
                    Rejected.at(path, line, reason, text.decode("utf-8", "backslashreplace"))
                )
        frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String()), orient="row")
        lines = pl.Series(self.line_column, numbers, dtype=pl.Int64)
        return _with_fields(frame, fields, lines), rejected

    def _rows(self, path: Path, skip: int = 0) -> Iterator[tuple[int, list[str]]]:
        """Rows that are not blank, each with the number of the line it starts on."""
        csv.field_size_limit(sys.maxsize)
        with open_binary(path) as file:
            text = TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
            reader = csv.reader((line.replace("\0", "") for line in text), delimiter=self.separator)
            start = 1
            for number, row in enumerate(reader):
                if number >= skip and row:
                    yield start, row
                start = reader.line_num + 1


@dataclass(frozen=True)
class Parquet:
    """Reader of Parquet files; the "line" of a record is its row number from 1."""

    line_column: str

    def fields(self, path: Path) -> list[str]:
        """The column names."""
        try:
            return pl.read_parquet_schema(path).names()  # type: ignore[attr-defined]
        except (pl.exceptions.ComputeError, OSError) as error:
            raise InputDataError(f"not readable as Parquet ({error})", file=path) from error

    def read(self, path: Path, fields: Sequence[str]) -> tuple[pl.DataFrame, list[Rejected]]:
        """All rows as text columns; lists and objects become JSON text."""
        present = [name for name in fields if name in self.fields(path)]
        frame = pl.read_parquet(path, columns=present)
        frame = frame.with_columns(_as_text(frame[name]) for name in present)
        numbers = pl.int_range(1, len(frame) + 1, dtype=pl.Int64, eager=True)
        return _with_fields(frame, fields, numbers.alias(self.line_column)), []


def _with_fields(frame: pl.DataFrame, fields: Sequence[str], lines: pl.Series) -> pl.DataFrame:
    absent = [pl.lit(None, dtype=pl.String).alias(f) for f in fields if f not in frame.columns]
    return frame.with_columns(absent).select(fields).with_columns(lines)


def _row_problem(row: list[str], header: list[str]) -> str | None:
    if len(row) != len(header):
        return f"{len(header)} columns expected by the header, other number found"
    if any("\udc80" <= c <= "\udcff" for value in row for c in value):
        return "not UTF-8"
    return None


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Datetime:
        return column.dt.epoch("ms").cast(pl.String)
    if isinstance(column.dtype, pl.List | pl.Struct | pl.Array):
        wrapped = column.to_frame().select(pl.struct(column.name).struct.json_encode())
        return wrapped.to_series().str.json_path_match(f"$.['{column.name}']").alias(column.name)
    return column.cast(pl.String)
