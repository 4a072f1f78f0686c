"""Read records from files: every value as text, every record with its line number.

Values stay text here (a nested list or object is its JSON text), so that one cleaning stage
decides about types for all formats and no reader guesses. What is not a record at all is set
aside with its line number and the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from recsys_lib.data import delimited, jsonlines
from recsys_lib.data.rejected import Rejected
from recsys_lib.errors import InputDataError

LINE = "__line__"
FILE = "__file__"


@dataclass
class Records:
    """Text columns, plus the number of the file (in ``files``) and the line of each record."""

    files: tuple[Path, ...]
    frame: pl.DataFrame
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def n_lines(self) -> int:
        """Records that were there, good or bad."""
        return len(self.frame) + len(self.rejected)


def read_records(files: Sequence[Path], fields: Sequence[str]) -> Records:
    """Read ``fields`` from all files; a field that a file does not have is null.

    Raises InputDataError naming the file when it cannot be read at all.
    """
    frames, rejected = [], []
    for number, path in enumerate(files):
        frame, bad = _reader(path).read(path, fields)
        frames.append(frame.with_columns(pl.lit(number, dtype=pl.Int32).alias(FILE)))
        rejected += bad
    return Records(tuple(files), pl.concat(frames), rejected)


def first_fields(path: Path) -> list[str]:
    """Names of the fields in the first records of a file."""
    if path.stat().st_size == 0:
        raise InputDataError("the file is empty", file=path)
    return _reader(path).fields(path)


def _reader(path: Path) -> jsonlines.JsonLines | delimited.Delimited | delimited.Parquet:
    name = path.name.removesuffix(".gz")
    if name.endswith((".json", ".jsonl", ".ndjson")):
        return jsonlines.JsonLines(LINE)
    if name.endswith((".csv", ".tsv")):
        return delimited.Delimited(LINE, separator="\t" if name.endswith(".tsv") else ",")
    if name.endswith(".parquet"):
        return delimited.Parquet(LINE)
    raise InputDataError(
        "unknown kind of file: use .jsonl, .json (one object a line), .csv, .tsv (each also .gz) "
        "or .parquet",
        file=path,
    )
