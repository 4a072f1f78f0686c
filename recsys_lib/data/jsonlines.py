"""JSON lines at full speed, with the bad lines found one by one.

A block of many lines is parsed at once. Only when that fails are its lines looked at: those that
cannot be JSON are set apart, then what still fails is halved until the bad lines stand alone. So
good data never pays for bad lines.
"""

from __future__ import annotations

import json
import operator
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from recsys_lib.data.blocks import LINE, Records, Start, Work, read_blocks
from recsys_lib.data.open_files import open_binary
from recsys_lib.data.rejected import Rejected
from recsys_lib.errors import InputDataError

_SNIFFED_LINES = 100
_BOM = b"\xef\xbb\xbf"

Lines = list[tuple[int, bytes]]
"""Line numbers from 1, and the lines without their ends."""
Bad = list[tuple[int, str, str]]
"""Line number, reason and text."""


@dataclass(frozen=True)
class JsonLines:
    """Reader of files with one JSON object a line."""

    def fields(self, path: Path) -> list[str]:
        """Keys of the first objects; InputDataError when the first lines are no JSON objects."""
        keys: dict[str, None] = {}
        first_bad = None
        for number, line in _numbered(path, _SNIFFED_LINES):
            record = _parse(line)
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
    schema: dict[str, pl.String],
    doubt: threading.Event,
) -> Records:
    """The records of a block; ``doubt`` is set by the first one with bad lines.

    Then the next ones probably have some, too, and are looked at before they are parsed.
    """
    frame, bad = _read_block(block, first, n_lines, schema, doubtful=doubt.is_set())
    if bad:
        doubt.set()
    return Records(frame, [Rejected.at(path, line, why, text) for line, why, text in bad])


def _read_block(
    block: bytes, first: int, n_lines: int, schema: dict[str, pl.String], *, doubtful: bool
) -> tuple[pl.DataFrame, Bad]:
    frame = None if doubtful else _parsed(block, n_lines, schema)
    if frame is not None:
        numbers = pl.int_range(first, first + n_lines, dtype=pl.Int64)
        return frame.with_columns(numbers.alias(LINE)), []
    ends = _line_ends(block)
    apart = _suspicious(block, ends)
    rest = np.delete(np.arange(n_lines), apart)
    frame = _parsed(_without(block, ends, apart), len(rest), schema)
    if frame is None:
        return _halve(_lines(block, ends, range(n_lines), first), schema)
    numbered = frame.with_columns(pl.Series(LINE, rest + first, dtype=pl.Int64))
    lines = _lines(block, ends, apart, first)
    bad = [(number, _reason(line), _text(line)) for number, line in lines if _is_bad(line)]
    good, more_bad = _halve([(n, line) for n, line in lines if not _is_bad(line)], schema)
    return (pl.concat([numbered, good]).sort(LINE) if len(good) else numbered), bad + more_bad


def _halve(lines: Lines, schema: dict[str, pl.String]) -> tuple[pl.DataFrame, Bad]:
    """Parse lines, which are not blank, down to single ones where that fails."""
    if not lines:
        return pl.DataFrame(schema={**schema, LINE: pl.Int64()}), []
    frame = _parsed(b"\n".join(line for _, line in lines), len(lines), schema)
    if frame is not None:
        return frame.with_columns(pl.Series(LINE, [n for n, _ in lines], dtype=pl.Int64)), []
    if len(lines) == 1:
        number, line = lines[0]
        return _halve([], schema)[0], [(number, _reason(line), _text(line))]
    middle = len(lines) // 2
    left, left_bad = _halve(lines[:middle], schema)
    right, right_bad = _halve(lines[middle:], schema)
    return pl.concat([left, right]), left_bad + right_bad


def _parsed(block: bytes, n_lines: int, schema: dict[str, pl.String]) -> pl.DataFrame | None:
    """All lines as records; None when one of them is none."""
    if not n_lines:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_ndjson(BytesIO(block), schema=schema)
    except pl.exceptions.ComputeError:
        return None
    return frame if len(frame) == n_lines else None


def _line_ends(block: bytes) -> np.ndarray:
    """Places of the line ends; the end of the block counts as one."""
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))
    return ends if block.endswith(b"\n") else np.append(ends, len(block))


def _suspicious(block: bytes, ends: np.ndarray) -> np.ndarray:
    """Lines that are blank, not in braces, not UTF-8, or hold a NUL byte; a few good ones, too."""
    starts = np.concatenate([[0], ends[:-1] + 1, [len(block)]])
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(block)]
    lines = pl.Series(pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers))
    closed = (lines.bin.ends_with(end) for end in (b"}\n", b"}\r\n", b"}"))
    braced = lines.bin.starts_with(b"{") & reduce(operator.or_, closed)
    good = (braced & ~lines.bin.contains(b"\0")).to_numpy(writable=True)
    good[_not_utf8(lines)] = False
    return np.flatnonzero(~good)


def _not_utf8(lines: pl.Series, first: int = 0) -> list[int]:
    """Positions of lines that are no text, found by halving."""
    try:
        lines.cast(pl.String)
    except pl.exceptions.ComputeError:
        if len(lines) == 1:
            return [first]
        middle = len(lines) // 2
        right = _not_utf8(lines[middle:], first + middle)
        return _not_utf8(lines[:middle], first) + right
    return []


def _without(block: bytes, ends: np.ndarray, lines: np.ndarray) -> bytes:
    """The block without these lines."""
    starts = np.concatenate([[0], ends[:-1] + 1])
    cuts = [0, *np.column_stack([starts[lines], ends[lines] + 1]).ravel().tolist(), len(block)]
    return b"".join(block[a:b] for a, b in zip(cuts[::2], cuts[1::2], strict=True))


def _lines(
    block: bytes, ends: np.ndarray, chosen: Sequence[int] | np.ndarray, first: int
) -> Lines:
    """Chosen lines that are not blank."""
    starts = np.concatenate([[0], ends[:-1] + 1])
    lines = ((first + int(i), block[starts[i] : ends[i]].strip()) for i in chosen)
    return [(number, line) for number, line in lines if line]


def _numbered(path: Path, limit: int) -> Lines:
    lines: Lines = []
    with open_binary(path) as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(_BOM).strip() if number == 1 else line.strip()
            if text:
                lines.append((number, text))
            if len(lines) == limit:
                break
    return lines


def _parse(line: bytes) -> dict[str, object] | str:
    """The object, or the reason why there is none."""
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        return f"not UTF-8: {error.reason} at byte {error.start}"
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        return "not JSON: nested too deeply"
    return value if isinstance(value, dict) else "not a JSON object"


def _is_bad(line: bytes) -> bool:
    return isinstance(_parse(line), str)


def _reason(line: bytes) -> str:
    parsed = _parse(line)
    # The reason is counted, so it must not hold the place, which differs from line to line.
    return parsed.split(":")[0] if isinstance(parsed, str) else "not JSON by the strict rules"


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="backslashreplace")
