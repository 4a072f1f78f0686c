"""JSON lines at full speed, with the bad lines found one by one.

A block of many lines is parsed at once. Only when that fails is the block halved until the bad
lines stand alone, so good data never pays for bad lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from recsys_lib.data.open_files import open_binary
from recsys_lib.data.rejected import Rejected
from recsys_lib.errors import InputDataError

_BLOCK_BYTES = 32 << 20
_SNIFFED_LINES = 100
_BOM = b"\xef\xbb\xbf"

Lines = list[tuple[int, bytes]]
"""Line numbers from 1, and the lines without their ends."""


@dataclass(frozen=True)
class JsonLines:
    """Reader of files with one JSON object a line; ``line_column`` holds the line numbers."""

    line_column: str

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

    def read(self, path: Path, fields: Sequence[str]) -> tuple[pl.DataFrame, list[Rejected]]:
        """All records as text columns, and the lines that are not JSON objects."""
        schema = dict.fromkeys(fields, pl.String())
        frames, rejected = [_empty(schema, self.line_column)], []
        for start, block in _blocks(path):
            frame, bad = self._read_block(block, start, schema)
            frames.append(frame)
            rejected += [Rejected.at(path, line, why, text) for line, why, text in bad]
        return pl.concat(frames), rejected

    def _read_block(
        self, block: bytes, start: int, schema: dict[str, pl.String]
    ) -> tuple[pl.DataFrame, list[tuple[int, str, str]]]:
        n_lines = block.count(b"\n") + (not block.endswith(b"\n"))
        try:
            frame = pl.read_ndjson(BytesIO(block), schema=schema)
        except pl.exceptions.ComputeError:
            frame = None
        if frame is not None and len(frame) == n_lines:
            numbers = pl.int_range(start, start + n_lines, dtype=pl.Int64, eager=True)
            return frame.with_columns(numbers.alias(self.line_column)), []
        lines = [(start + i, line) for i, line in enumerate(block.splitlines())]
        lines = [(number, line) for number, line in lines if line.strip()]
        return self._halve(lines, schema)

    def _halve(
        self, lines: Lines, schema: dict[str, pl.String]
    ) -> tuple[pl.DataFrame, list[tuple[int, str, str]]]:
        if not lines:
            return _empty(schema, self.line_column), []
        try:
            frame = pl.read_ndjson(BytesIO(b"\n".join(line for _, line in lines)), schema=schema)
        except pl.exceptions.ComputeError:
            frame = None
        if frame is not None and len(frame) == len(lines):
            numbers = pl.Series(self.line_column, [number for number, _ in lines], dtype=pl.Int64)
            return frame.with_columns(numbers), []
        if len(lines) == 1:
            number, line = lines[0]
            return _empty(schema, self.line_column), [(number, _reason(line), _text(line))]
        middle = len(lines) // 2
        left, left_bad = self._halve(lines[:middle], schema)
        right, right_bad = self._halve(lines[middle:], schema)
        return pl.concat([left, right]), left_bad + right_bad


def _empty(schema: dict[str, pl.String], line_column: str) -> pl.DataFrame:
    return pl.DataFrame(schema={**schema, line_column: pl.Int64()})


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines, each with the number of its first line."""
    number, rest = 1, b""
    with open_binary(path) as file:
        while data := file.read(_BLOCK_BYTES):
            if number == 1 and not rest:
                data = data.removeprefix(_BOM)
            head, newline, tail = data.rpartition(b"\n")
            if not newline:
                rest += data
                continue
            block = rest + head + newline
            yield number, block
            number, rest = number + block.count(b"\n"), tail
    if rest.strip():
        yield number, rest


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
    return value if isinstance(value, dict) else "not a JSON object"


def _reason(line: bytes) -> str:
    parsed = _parse(line)
    # The reason is counted, so it must not hold the place, which differs from line to line.
    return parsed.split(":")[0] if isinstance(parsed, str) else "not JSON by the strict rules"


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="backslashreplace")
