"""JSON lines: whole blocks at full speed, bad lines found one by one.

A block of many lines is parsed at once. Only when that fails are its lines examined: those that
cannot be JSON are taken out, then what still fails is halved until each bad line stands alone. So
good data never pays for bad lines. Types work the same way: the parser is strict, so a value that
it accepts as a whole number is one, and a block with any other value is parsed again as text.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.data.formats._blocks import read_blocks
from recsys_lib.data.formats._documents import document_blocks, is_document
from recsys_lib.data.formats._keys import keys_of
from recsys_lib.data.formats._lines import BlockLines, Numbered, parse, problem, repaired
from recsys_lib.data.formats.form import AS_FOUND, TextForm
from recsys_lib.data.formats.records import (
    LINE,
    Records,
    Rejected,
    Schema,
    Start,
    Work,
    balanced,
)

Bad = list[tuple[int, str, bytes]]
"""Line number, reason and line of each bad line."""


@dataclass(frozen=True)
class JsonLines:
    """Reader of files with one JSON object per line, or with objects in an array or over lines.

    Where objects are not lines, the "line" of a record is its place among them, from 1.
    """

    form: TextForm = AS_FOUND

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """Keys of the first objects and of some later ones; with ``whole``, of all objects.

        Raises InputDataError when none of these lines is a JSON object.
        """
        return keys_of(path, self.form.encoding, whole=whole)

    def n_lines(self, path: Path) -> int:
        """Number of lines."""
        blocks = read_blocks(path, Start(), self.form.encoding, _is_record)
        return sum(n for _, n, _ in blocks)

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """Records, nested values as JSON text; lines that hold no JSON object are rejected."""
        file, encoding = _File(path, schema), self.form.encoding
        if is_document(path, encoding):
            for first, n_records, block in document_blocks(path, encoding):
                yield partial(file.records, block, first, n_records)
            return
        for first, n_lines, block in read_blocks(path, start, encoding, _is_record):
            yield partial(file.records, block, first, n_lines)


@dataclass(frozen=True)
class _File:
    """A file while it is read, and what is known about it so far.

    After a block with bad lines the next ones probably have some too, so their lines are examined
    first. After a value of another type than wanted, all further blocks are read as text.
    """

    path: Path
    wanted: Schema
    has_bad_lines: threading.Event = field(default_factory=threading.Event)
    is_mixed: threading.Event = field(default_factory=threading.Event)

    @property
    def text(self) -> Schema:
        """All fields as text."""
        return dict.fromkeys(self.wanted, pl.String())

    def records(self, block: bytes, first: int, n_lines: int) -> Records:
        """The records of a block."""
        frame = None if self.has_bad_lines.is_set() else self._parsed(block, n_lines)
        if frame is not None:
            numbers = pl.int_range(first, first + n_lines, dtype=pl.Int64)
            return Records(frame.with_columns(numbers.alias(LINE)), [])
        lines = BlockLines(block)
        frame, bad, n_repaired = self._with_bad_lines(lines, first, n_lines)
        if bad or n_repaired:
            self.has_bad_lines.set()
        rejected = [
            Rejected.from_line(self.path, number, why, _text(line)) for number, why, line in bad
        ]
        records = Records(frame, rejected, n_other=lines.n_blank(), n_repaired=n_repaired)
        return balanced(records, self.path, first, n_lines)

    def _with_bad_lines(
        self, lines: BlockLines, first: int, n_lines: int
    ) -> tuple[pl.DataFrame, Bad, int]:
        apart = lines.suspicious()
        rest = np.delete(np.arange(n_lines), apart)
        frame = self._parsed(lines.without(apart), len(rest))
        if frame is None:
            return _halve(lines.numbered(range(n_lines), first), self.text)
        numbered = frame.with_columns(pl.Series(LINE, rest + first, dtype=pl.Int64))
        problems = [(n, problem(line), line) for n, line in lines.numbered(apart, first)]
        bad = [(n, why, line) for n, why, line in problems if why is not None]
        others = [(n, line) for n, why, line in problems if why is None]
        good, more_bad, n_repaired = _halve(others, self.text)
        if len(good):
            numbered = pl.concat([numbered.cast(good.schema), good]).sort(LINE)
        return numbered, bad + more_bad, n_repaired

    def _parsed(self, block: bytes, n_lines: int) -> pl.DataFrame | None:
        """All lines as records, typed where possible; None when a line is not a record."""
        frame = None if self.is_mixed.is_set() else _parsed(block, n_lines, self.wanted)
        if frame is None:
            frame = _parsed(block, n_lines, self.text)
            if frame is not None:
                self.is_mixed.set()
        return frame


def _halve(lines: Numbered, schema: Schema) -> tuple[pl.DataFrame, Bad, int]:
    """Parse lines that are not blank, halving where that fails: records, bad lines, repairs."""
    if not lines:
        return pl.DataFrame(schema={**schema, LINE: pl.Int64()}), [], 0
    frame = _parsed(b"\n".join(line for _, line in lines), len(lines), schema)
    if frame is not None:
        return frame.with_columns(pl.Series(LINE, [n for n, _ in lines], dtype=pl.Int64)), [], 0
    if len(lines) == 1:
        return _single(*lines[0], schema)
    middle = len(lines) // 2
    left, left_bad, left_repaired = _halve(lines[:middle], schema)
    right, right_bad, right_repaired = _halve(lines[middle:], schema)
    return pl.concat([left, right]), left_bad + right_bad, left_repaired + right_repaired


def _single(number: int, line: bytes, schema: Schema) -> tuple[pl.DataFrame, Bad, int]:
    """A line that is no strict JSON: read as what it means, or rejected."""
    strict = repaired(line)
    frame = _parsed(strict, 1, schema) if strict is not None else None
    if frame is not None:
        return frame.with_columns(pl.Series(LINE, [number], dtype=pl.Int64)), [], 1
    reason = problem(line) or "not strict JSON"
    return _halve([], schema)[0], [(number, reason, line)], 0


def _parsed(block: bytes, n_lines: int, schema: Schema) -> pl.DataFrame | None:
    """All lines as records of these types; None when a line is not such a record."""
    if not n_lines:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_ndjson(BytesIO(block), schema=schema)
    except pl.exceptions.ComputeError:
        return None
    return frame if len(frame) == n_lines else None


def _is_record(line: bytes) -> bool:
    return isinstance(parse(line), dict)


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="backslashreplace")
