"""Rows of a text table one by one: where a block cannot be read at once."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

INSIDE = "\x1f"
"""Replaces separators of several characters."""

_MOST_LINES_IN_QUOTES = 200
_FEWEST_SWALLOWED = 5
_NOT_CLOSED = "a quote is opened and not closed"


@dataclass(frozen=True)
class Row:
    """One row, or why there is none.

    Parameters
    ----------
    offset: number of lines before it.
    n_lines: how many lines it takes.
    values: one for each column; empty for a blank line and for a bad one.
    problem: what is wrong; "" if nothing is.
    text: the line, when something is wrong.
    is_repaired: whether a separator at its end was left out.
    """

    offset: int
    n_lines: int
    values: list[str]
    problem: str = ""
    text: str = ""
    is_repaired: bool = False


@dataclass(frozen=True)
class RowReader:
    """Splits lines into values.

    Parameters
    ----------
    separator: one or more characters.
    quote: the character around values that may hold separators and line ends; "" for none.
    n_columns: number of values of a row.
    encoding: what a line is not in when it cannot be read.
    """

    separator: str
    quote: str
    n_columns: int = 0
    encoding: str = "UTF-8"

    @property
    def mark(self) -> str:
        """The separator as one byte."""
        return self.separator if len(self.separator.encode()) == 1 else INSIDE

    def plain(self, block: bytes) -> bytes:
        """The block with one separator character and without NUL bytes."""
        if self.mark != self.separator:
            block = block.replace(self.separator.encode(), INSIDE.encode())
        return block.replace(b"\0", b"")

    def split(self, line: str) -> list[str]:
        """The values of a single line."""
        text = line.replace(self.separator, self.mark).replace("\r", "")
        return next(self._reader([text]), [])

    def fits(self, line: bytes) -> bool:
        """Whether a line is a row by itself."""
        values = self.split(self.plain(line).decode("utf-8", "replace"))
        trailing = len(values) == self.n_columns + 1 and not values[-1]
        return trailing or len(values) == self.n_columns

    def n_trailing(self, block: bytes) -> int:
        """Number of lines of the block that end in a separator."""
        ends = (f"{self.mark}\n".encode(), f"{self.mark}\r\n".encode())
        return sum(map(block.count, ends)) + block.endswith(self.mark.encode())

    def rows(self, block: bytes) -> Iterator[Row]:
        """Every line of the block in exactly one row."""
        csv.field_size_limit(sys.maxsize)
        lines = block.decode("utf-8", "surrogateescape").split("\n")
        if not lines[-1]:
            lines.pop()
        at = 0
        while at < len(lines):
            row = self._row(lines, at)
            yield row
            at += row.n_lines

    def _reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        if self.quote:
            return csv.reader(lines, delimiter=self.mark, quotechar=self.quote)
        return csv.reader(lines, delimiter=self.mark, quoting=csv.QUOTE_NONE)

    def _row(self, lines: Sequence[str], at: int) -> Row:
        line = lines[at].rstrip("\r")
        if not line.strip(" "):
            return Row(at, 1, [])
        values, n_lines = line.split(self.mark), 1
        if self.quote and self.quote in line:
            values, n_lines = self._quoted(lines, at)
            if not values:
                return self._bad(at, line, _NOT_CLOSED)
        trailing = len(values) == self.n_columns + 1 and not values[-1].strip("\r\n")
        if trailing:
            values = values[:-1]
        if len(values) != self.n_columns:
            reason = f"number of values differs from the {self.n_columns} columns of the header"
            return self._bad(at, line, reason)
        if not _is_text(values):
            return self._bad(at, line, f"not {self.encoding}")
        return Row(at, n_lines, values, is_repaired=trailing)

    def _bad(self, at: int, line: str, problem: str) -> Row:
        """A bad line alone: what a quote on it holds is read again, line by line."""
        raw = line.replace(self.mark, self.separator).encode("utf-8", "surrogateescape")
        return Row(at, 1, [], problem, raw.decode("utf-8", "backslashreplace"))

    def _quoted(self, lines: Sequence[str], at: int) -> tuple[list[str], int]:
        """Values and number of lines of a row with quotes; no values where one is left open."""
        some = lines[at : at + _MOST_LINES_IN_QUOTES]
        read: list[str] = []

        def one_by_one() -> Iterator[str]:
            for line in [*some, ""]:
                read.append(line)
                yield line + "\n"

        try:
            values = next(self._reader(one_by_one()))
        except csv.Error:  # a carriage return within a value
            return [], 1
        n_lines = len(read)
        if n_lines > len(some) or self._swallows(some[1:n_lines]):
            return [], 1
        if n_lines > 1 and len(values) not in (self.n_columns, self.n_columns + 1):
            return [], 1
        return values, n_lines

    def _swallows(self, inner: Sequence[str]) -> bool:
        """Whether these lines of a value are rows themselves, between two stray quotes."""
        n_values = {line.count(self.mark) + 1 for line in inner}
        return len(inner) >= _FEWEST_SWALLOWED and n_values == {self.n_columns}


def _is_text(values: Sequence[str]) -> bool:
    return not any("\udc80" <= c <= "\udcff" for value in values for c in value)
