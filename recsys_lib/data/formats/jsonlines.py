"""JSON lines at full speed, with the bad lines found one by one.

A block of many lines is parsed at once. Only when that fails are its lines looked at: those that
cannot be JSON are set apart, then what still fails is halved until the bad lines stand alone. So
good data never pays for bad lines.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.data.formats.blocks import LINE, Records, Start, Work, read_blocks
from recsys_lib.data.formats.lines import BlockLines, Numbered, parse, problem
from recsys_lib.data.formats.open_files import open_binary
from recsys_lib.data.rejected import Rejected
from recsys_lib.errors import InputDataError

_SNIFFED_LINES = 100
_BOM = b"\xef\xbb\xbf"

Schema = dict[str, pl.String]
Bad = list[tuple[int, str, bytes]]
"""Line number, reason and line."""


@dataclass(frozen=True)
class JsonLines:
    """Reader of files with one JSON object a line."""

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """Keys of the first objects; InputDataError when the first lines are no JSON objects.

        With ``whole`` the keys of all objects, which takes a look at every line.
        """
        keys: dict[str, None] = {}
        first_bad = None
        for number, line in _numbered(path, None if whole else _SNIFFED_LINES):
            record = parse(line)
            if isinstance(record, dict):
                keys.update(dict.fromkeys(record))
            else:
                first_bad = first_bad or (number, record)
        if not keys:
            number, reason = first_bad or (1, "there is no line with text")
            raise InputDataError(
                f"{reason}; none of the first lines is a JSON object: "
                "is this a file of JSON lines?",
                file=path,
                line=number,
            )
        return list(keys)

    def read(self, path: Path, fields: Sequence[str], start: Start) -> Iterator[Work]:
        """Records as text columns, nested values as JSON text; lines that are no JSON objects."""
        schema, doubt = dict.fromkeys(fields, pl.String()), threading.Event()
        for first, n_lines, block in read_blocks(path, start):
            yield partial(_records, path, block, first, n_lines, schema, doubt)


def _records(
    path: Path,
    block: bytes,
    first: int,
    n_lines: int,
    schema: Schema,
    doubt: threading.Event,
) -> Records:
    """The records of a block; ``doubt`` is set by the first one with bad lines.

    Then the next ones probably have some, too, and are looked at before they are parsed.
    """
    frame = None if doubt.is_set() else _parsed(block, n_lines, schema)
    if frame is not None:
        numbers = pl.int_range(first, first + n_lines, dtype=pl.Int64)
        return Records(frame.with_columns(numbers.alias(LINE)), [])
    frame, bad = _with_bad_lines(block, first, n_lines, schema)
    if bad:
        doubt.set()
    return Records(
        frame, [Rejected.at(path, number, why, _text(line)) for number, why, line in bad]
    )


def _with_bad_lines(
    block: bytes, first: int, n_lines: int, schema: Schema
) -> tuple[pl.DataFrame, Bad]:
    lines = BlockLines(block)
    apart = lines.suspicious()
    rest = np.delete(np.arange(n_lines), apart)
    frame = _parsed(lines.without(apart), len(rest), schema)
    if frame is None:
        return _halve(lines.numbered(range(n_lines), first), schema)
    numbered = frame.with_columns(pl.Series(LINE, rest + first, dtype=pl.Int64))
    problems = [(n, problem(line), line) for n, line in lines.numbered(apart, first)]
    bad = [(n, why, line) for n, why, line in problems if why is not None]
    good, more_bad = _halve([(n, line) for n, why, line in problems if why is None], schema)
    return (pl.concat([numbered, good]).sort(LINE) if len(good) else numbered), bad + more_bad


def _halve(lines: Numbered, schema: Schema) -> tuple[pl.DataFrame, Bad]:
    """Parse lines, which are not blank, down to single ones where that fails."""
    if not lines:
        return pl.DataFrame(schema={**schema, LINE: pl.Int64()}), []
    frame = _parsed(b"\n".join(line for _, line in lines), len(lines), schema)
    if frame is not None:
        return frame.with_columns(pl.Series(LINE, [n for n, _ in lines], dtype=pl.Int64)), []
    if len(lines) == 1:
        number, line = lines[0]
        reason = problem(line) or "not JSON by the strict rules"
        return _halve([], schema)[0], [(number, reason, line)]
    middle = len(lines) // 2
    left, left_bad = _halve(lines[:middle], schema)
    right, right_bad = _halve(lines[middle:], schema)
    return pl.concat([left, right]), left_bad + right_bad


def _parsed(block: bytes, n_lines: int, schema: Schema) -> pl.DataFrame | None:
    """All lines as records; None when one of them is none."""
    if not n_lines:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_ndjson(BytesIO(block), schema=schema)
    except pl.exceptions.ComputeError:
        return None
    return frame if len(frame) == n_lines else None


def _numbered(path: Path, limit: int | None) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, at most ``limit``."""
    with open_binary(path) as file:
        stripped = (
            (number, line.removeprefix(_BOM).strip() if number == 1 else line.strip())
            for number, line in enumerate(file, start=1)
        )
        yield from islice((pair for pair in stripped if pair[1]), limit)


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="backslashreplace")
