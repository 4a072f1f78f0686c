"""Text tables, CSV, TSV and their relatives: every value as text."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.data.formats._blocks import read_blocks, read_head
from recsys_lib.data.formats.records import (
    LINE,
    Records,
    Rejected,
    Schema,
    Start,
    Work,
    with_fields,
)
from recsys_lib.errors import InputDataError

_SLOW_PATH_ERRORS = (pl.exceptions.ComputeError, pl.exceptions.SchemaError)
_INSIDE = "\x1f"  # replaces separators of several characters
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_BYTES_IN_QUOTES = 256 << 20


@dataclass(frozen=True)
class Delimited:
    """Reader of files with one record per line, or several lines when values are quoted.

    Parameters
    ----------
    separator: one or more characters between values.
    columns: names of the columns; empty when the first line names them.
    quoted: whether a value in double quotes may hold separators and line ends.
    encoding: of the text.
    typed: whether column names carry a type after a colon, as in ``user_id:token``.
    others: separators to try when the first line does not hold ``separator``.
    """

    separator: str
    columns: tuple[str, ...] = ()
    quoted: bool = True
    encoding: str = "utf-8"
    typed: bool = False
    others: str = ""

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """The column names; InputDataError when the first line does not name them."""
        if self.columns:
            return list(self.columns)
        head = read_head(path)
        if head.startswith(_UTF_16):
            raise InputDataError("this is UTF-16: save it as UTF-8", file=path)
        header, _, _ = self._separated_as(head)._header(head)
        if not any(header):
            raise InputDataError(
                "the first line names no columns: put their names there", file=path, line=1
            )
        if len(set(header)) < len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise InputDataError(
                "two columns have this name: rename one", file=path, line=1, field=twice
            )
        return header

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """Rows as text columns; rows that do not fit the columns are rejected."""
        if self.others:
            yield from self._separated_as(read_head(path)).read(path, schema, start)
            return
        header = self.fields(path)
        for first, _, block in read_blocks(path, start, self._is_whole):
            line, data = first, block
            if first == 1 and not self.columns:
                _, n_lines, data = self._header(block)
                line += n_lines
            if data.strip():
                yield partial(self._read_block, path, data, line, header, schema)

    def _separated_as(self, head: bytes) -> Delimited:
        """This reader with the separator of the first line in ``head``."""
        if not self.others:
            return self
        first = head.partition(b"\n")[0]
        marks = (mark for mark in self.separator + self.others if mark.encode() in first)
        return replace(self, separator=next(marks, self.separator), others="")

    def _header(self, block: bytes) -> tuple[list[str], int, bytes]:
        """The names in the first line with text, the number of lines up to it, and the rest."""
        data, n_lines, line = block, 0, b""
        while data and not line.strip():
            line, _, data = data.partition(b"\n")
            n_lines += 1
        text = self._plain(line).decode("utf-8", "replace").strip()
        names = [name.strip() for name in next(self._csv([text]), [])]
        return [n.rpartition(":")[0] or n for n in names] if self.typed else names, n_lines, data

    def _read_block(
        self, path: Path, block: bytes, line: int, header: list[str], schema: Schema
    ) -> Records:
        block = self._plain(block)
        n_lines = block.count(b"\n") + (not block.endswith(b"\n"))
        wanted = [name for name in schema if name in header]
        try:
            frame = pl.read_csv(
                BytesIO(block),
                has_header=False,
                separator=self._mark,
                quote_char='"' if self.quoted else None,
                schema=dict.fromkeys(header, pl.String()),
            )
        except _SLOW_PATH_ERRORS:
            return self._row_by_row(path, block, line, header, schema)
        if len(frame) != n_lines:
            # Blank lines, or line ends within a value: only the slow reader knows line numbers.
            return self._row_by_row(path, block, line, header, schema)
        numbers = pl.int_range(line, line + n_lines, dtype=pl.Int64, eager=True)
        return Records(with_fields(frame.select(wanted), schema, numbers.alias(LINE)), [])

    def _row_by_row(
        self, path: Path, block: bytes, line: int, header: list[str], schema: Schema
    ) -> Records:
        rows, numbers, rejected = [], [], []
        for offset, row in self._rows(block.decode("utf-8", "surrogateescape")):
            reason = _row_problem(row, header)
            if reason is None:
                rows.append([value or None for value in row])
                numbers.append(line + offset)
            else:
                text = self.separator.join(row).encode("utf-8", "surrogateescape")
                shown = text.decode("utf-8", "backslashreplace")
                rejected.append(Rejected.from_line(path, line + offset, reason, shown))
        frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String()), orient="row")
        lines = pl.Series(LINE, numbers, dtype=pl.Int64)
        return Records(with_fields(frame, schema, lines), rejected)

    def _rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Rows that are not blank, each with the number of lines before it."""
        csv.field_size_limit(sys.maxsize)
        reader = self._csv(StringIO(text, newline=""))
        before = 0
        for row in reader:
            if row:
                yield before, row
            before = reader.line_num

    def _plain(self, block: bytes) -> bytes:
        """The block in UTF-8 with one separator character and without NUL bytes."""
        if self.encoding != "utf-8":
            block = block.decode(self.encoding).encode()
        if len(self.separator) > 1:
            block = block.replace(self.separator.encode(), _INSIDE.encode())
        return block.replace(b"\0", b"")

    @property
    def _mark(self) -> str:
        return self.separator if len(self.separator) == 1 else _INSIDE

    def _csv(self, lines: Iterable[str]) -> Any:
        if self.quoted:
            return csv.reader(lines, delimiter=self._mark)
        return csv.reader(lines, delimiter=self._mark, quoting=csv.QUOTE_NONE)

    def _is_whole(self, block: bytes) -> bool:
        """Whether every quote is closed; after 256 MB a quote counts as a stray one."""
        return not self.quoted or block.count(b'"') % 2 == 0 or len(block) > _MOST_BYTES_IN_QUOTES


def _row_problem(row: list[str], header: list[str]) -> str | None:
    if len(row) != len(header):
        return f"number of values differs from the {len(header)} columns of the header"
    if any("\udc80" <= c <= "\udcff" for value in row for c in value):
        return "not UTF-8"
    return None
