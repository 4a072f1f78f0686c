"""The lines of a block of bytes: where they are, and which cannot be JSON objects."""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable
from functools import cached_property, reduce

import numpy as np
import polars as pl
import pyarrow as pa

Numbered = list[tuple[int, bytes]]
"""Line numbers from 1, and the lines without their ends."""


class BlockLines:
    """Lines of a block, counted from 0; the last one may lack its end."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")) + 1
        if not block.endswith(b"\n"):
            ends = np.append(ends, len(block))
        self._places = np.concatenate([[0], ends])

    def suspicious(self) -> np.ndarray:
        """Lines that are blank, not in braces, not UTF-8, or hold a NUL byte.

        A few good ones are among them, such as those that end in a space.
        """
        closed = (self._lines.bin.ends_with(end) for end in (b"}\n", b"}\r\n", b"}"))
        braced = self._lines.bin.starts_with(b"{") & reduce(operator.or_, closed)
        good = (braced & ~self._lines.bin.contains(b"\0")).to_numpy(writable=True)
        good[_not_utf8(self._lines)] = False
        return np.flatnonzero(~good)

    def without(self, lines: np.ndarray) -> bytes:
        """The block without these lines."""
        cuts = np.column_stack([self._places[lines], self._places[lines + 1]]).ravel()
        places = [0, *cuts.tolist(), len(self._block)]
        pairs = zip(places[::2], places[1::2], strict=True)
        return b"".join(self._block[a:b] for a, b in pairs)

    def numbered(self, lines: Iterable[int], first: int) -> Numbered:
        """Those of these lines that are not blank; ``first`` is the number of line 0."""
        stripped = ((first + int(line), self._line(line).strip()) for line in lines)
        return [(number, line) for number, line in stripped if line]

    def _line(self, line: int) -> bytes:
        return self._block[self._places[line] : self._places[line + 1]]

    @cached_property
    def _lines(self) -> pl.Series:
        buffers = [None, pa.py_buffer(self._places), pa.py_buffer(self._block)]
        n = len(self._places) - 1
        return pl.Series(pa.LargeBinaryArray.from_buffers(pa.large_binary(), n, buffers))


def parse(line: bytes) -> dict[str, object] | str:
    """The JSON object in a line, or the reason why there is none."""
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        return f"not UTF-8: {error.reason} at byte {error.start}"
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        return "not JSON: nested too deeply"
    return value if isinstance(value, dict) else "not a JSON object"


def problem(line: bytes) -> str | None:
    """What is wrong with a line, without the place, so that equal reasons can be counted."""
    parsed = parse(line)
    return parsed.split(":")[0] if isinstance(parsed, str) else None


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
