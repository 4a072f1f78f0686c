"""What a reader makes of a file: records with their line numbers, and rejected lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from recsys_lib.errors import InputDataError
from recsys_lib.files import replacing

LINE = "__line__"
"""Column of the line number of a record, from 1; in a Parquet file the row number."""

_TEXT_LIMIT = 500  # characters of a rejected line that are kept

Schema = Mapping[str, pl.DataType]
"""Fields to read and the types wanted for them.

A field comes in its wanted type when all its values in a block have that type, else as text.
"""


@dataclass(frozen=True)
class Start:
    """Where reading begins: a byte, and the number of the line that starts there.

    With ``is_sample`` only the first records are wanted, and the first block is a small one.
    ``pieces`` are whole lines that somebody else has read from there; the file is not read then.
    """

    byte: int = 0
    line: int = 1
    is_sample: bool = False
    pieces: Iterable[bytes] | None = None


@dataclass(frozen=True)
class Rejected:
    """A rejected line: where it is, why it was rejected, and how it begins."""

    file: str
    line: int
    reason: str
    text: str

    @classmethod
    def from_line(cls, file: Path, line: int, reason: str, text: str) -> Rejected:
        """Keep the first 500 characters of the text."""
        return cls(str(file), line, reason, text[:_TEXT_LIMIT])


@dataclass(frozen=True)
class Records:
    """The records of one block, with their ``LINE``, and the lines that hold no record.

    Parameters
    ----------
    frame: the records.
    rejected: lines that hold none.
    n_more: records that are line items: all but the first of a line that holds a list of them.
    n_other: lines without a record of their own: blank ones, and those that continue one.
    n_repaired: records that were read although their lines are not quite as they should be.
    """

    frame: pl.DataFrame
    rejected: list[Rejected]
    n_more: int = 0
    n_other: int = 0
    n_repaired: int = 0

    @property
    def n_lines(self) -> int:
        """Number of lines read, good or bad."""
        return len(self.frame) + len(self.rejected) - self.n_more


Work = Callable[[], Records]
"""Parses one block; blocks can be parsed in parallel."""


def balanced(records: Records, path: Path, first: int, n_lines: int) -> Records:
    """The records, if they account for all lines of their block, counted without the parser."""
    accounted = records.n_lines + records.n_other
    if accounted != n_lines:
        raise InputDataError(
            f"{n_lines:,} lines were read from here, but the parser accounts for {accounted:,}: "
            "please report this, and split the file here to go on",
            file=path,
            line=first,
        )
    return records


def with_fields(frame: pl.DataFrame, schema: Schema, lines: pl.Series) -> pl.DataFrame:
    """Reduce a text frame to the fields of ``schema`` (null where absent), plus line numbers."""
    there = set(frame.columns)
    absent = [pl.lit(None, dtype=pl.String).alias(f) for f in schema if f not in there]
    return frame.with_columns(absent).select(list(schema)).with_columns(lines)


def write_rejected(path: Path, rejected: Iterable[Rejected]) -> None:
    """Write rejected lines as JSON lines; the file is empty when there are none."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for bad in rejected:
            out.write(json.dumps(asdict(bad), ensure_ascii=False) + "\n")


def read_rejected(path: Path) -> list[Rejected]:
    """Read what :func:`write_rejected` wrote."""
    with path.open(encoding="utf-8") as lines:
        return [Rejected(**json.loads(line)) for line in lines]


def count_reasons(rejected: Iterable[Rejected]) -> dict[str, int]:
    """Count rejected lines by reason, most frequent first."""
    counts = Counter(bad.reason for bad in rejected)
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
