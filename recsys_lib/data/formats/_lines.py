"""Lines of a block of bytes: where they are, and which cannot be JSON objects."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from pydantic_core import from_json

Numbered = list[tuple[int, bytes]]
"""Line numbers, from 1, and lines without their ends."""


_MOST_PRINTED = 1 << 20


class BlockLines:
    """The lines of a block, counted from 0; the last one may lack a line end."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._bytes = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(self._bytes == ord("\n")) + 1
        if not block.endswith(b"\n"):
            ends = np.append(ends, len(block))
        self._places = np.concatenate([[0], ends])

    def suspicious(self) -> np.ndarray:
        """Lines that are blank, not in braces, not UTF-8, or hold a NUL byte.

        May include a good line, such as one that ends in a space.
        """
        good = self._braced()
        good[self._holding(b"\0")] = False
        good[self._not_utf8(0, len(good))] = False
        return np.flatnonzero(~good)

    def without(self, lines: np.ndarray) -> bytes:
        """The block without these lines."""
        cuts = np.column_stack([self._places[lines], self._places[lines + 1]]).ravel()
        places = [0, *cuts.tolist(), len(self._block)]
        pairs = zip(places[::2], places[1::2], strict=True)
        return b"".join(self._block[a:b] for a, b in pairs)

    def n_blank(self) -> int:
        """How many lines hold nothing, or white space only."""
        maybe = np.flatnonzero(self._bytes[self._places[:-1]] <= ord(" "))
        return sum(not self._line(int(line)).strip() for line in maybe)

    def numbered(self, lines: Iterable[int], first: int) -> Numbered:
        """The lines among these that are not blank; ``first`` is the number of line 0."""
        stripped = ((first + int(line), self._line(line).strip()) for line in lines)
        return [(number, line) for number, line in stripped if line]

    def _line(self, line: int) -> bytes:
        return self._block[self._places[line] : self._places[line + 1]]

    def _braced(self) -> np.ndarray:
        """bool, one per line: whether it begins with { and ends with }."""
        starts, last = self._places[:-1], self._places[1:] - 1
        for end in b"\n\r":
            last = last - (self._bytes[last] == end)
        return (self._bytes[starts] == ord("{")) & (self._bytes[last] == ord("}"))

    def _holding(self, mark: bytes) -> np.ndarray:
        """Lines that hold a byte that is rare."""
        places, at = [], self._block.find(mark)
        while at >= 0:
            places.append(at)
            at = self._block.find(mark, at + 1)
        return np.searchsorted(self._places, np.array(places, dtype=np.int64), side="right") - 1

    def _not_utf8(self, start: int, stop: int) -> list[int]:
        """Lines in ``range(start, stop)`` that are not UTF-8, found by halving."""
        if self._is_text(start, stop):
            return []
        if stop - start == 1:
            return [start]
        middle = (start + stop) // 2
        return self._not_utf8(start, middle) + self._not_utf8(middle, stop)

    def _is_text(self, start: int, stop: int) -> bool:
        ends = pa.py_buffer(self._places[[start, stop]])
        text = pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(self._block))
        try:
            text.validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True


def parse(line: bytes) -> dict[str, object] | str:
    """The JSON object in a line, or why it holds none; NaN and Infinity are missing values.

    An object as Python prints it, with single quotes, is taken, too.
    """
    try:
        value = json.loads(line, parse_constant=lambda constant: None)
    except UnicodeDecodeError as error:
        return f"not UTF-8: {error.reason} at byte {error.start}"
    except json.JSONDecodeError as error:
        printed = _printed(line)
        return printed if printed is not None else f"not JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        return "not JSON: nested too deeply"
    return value if isinstance(value, dict) else "not a JSON object"


def parse_fast(line: bytes) -> dict[str, object] | str:
    """The same in a tenth of the time where a line is strict JSON; NaN stays a number."""
    try:
        value = from_json(line)
    except ValueError:
        return parse(line)
    return value if isinstance(value, dict) else parse(line)


def repaired(line: bytes) -> bytes | None:
    """A line that :func:`parse` takes, as strict JSON; None when it takes none."""
    value = parse(line)
    if isinstance(value, str):
        return None
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _printed(line: bytes) -> dict[str, object] | None:
    """The object in a line that Python printed; None for any other line."""
    if not line.startswith(b"{") or len(line) > _MOST_PRINTED:
        return None
    try:
        value = ast.literal_eval(line.decode("utf-8"))
        json.dumps(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def problem(line: bytes) -> str | None:
    """What is wrong with a line, without the column, so that equal reasons can be counted."""
    parsed = parse(line)
    return parsed.split(":")[0] if isinstance(parsed, str) else None
