"""Text tables, CSV, TSV and their relatives: every value as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from recsys_lib.data.formats._blocks import read_blocks, read_head
from recsys_lib.data.formats._dialect import (
    detect_separator,
    ends_in_separator,
    has_header,
    is_quoted,
    unique_names,
)
from recsys_lib.data.formats._rows import RowReader
from recsys_lib.data.formats._table import NAMELESS, Table
from recsys_lib.data.formats.form import AS_FOUND, TextForm
from recsys_lib.data.formats.records import (
    Schema,
    Start,
    Work,
)
from recsys_lib.errors import InputDataError

_SLOW_PATH_ERRORS = (pl.exceptions.ComputeError, pl.exceptions.SchemaError)
_MOST_BYTES_IN_QUOTES = 32 << 20
_SNIFFED_LINES = 100
_LINE_END = re.compile("\r?\n|\r")


@dataclass(frozen=True)
class Delimited:
    """Reader of files with one record per line, or several lines when values are quoted.

    Parameters
    ----------
    separator: one or more characters between values.
    columns: names of the columns; empty when the first line names them.
    quoted: whether a value in double quotes may hold separators and line ends; None: as the first
        lines show.
    typed: whether column names carry a type after a colon, as in ``user_id:token``.
    detects: whether another separator is taken where the first lines show one.
    nameless: how names of files begin that have no header, and their columns.
    form: what the user says, which counts more than all of this.
    """

    separator: str
    columns: tuple[str, ...] = ()
    quoted: bool | None = True
    typed: bool = False
    detects: bool = False
    nameless: tuple[str, tuple[str, ...]] = ("", ())
    form: TextForm = AS_FOUND

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """The column names; InputDataError when the first line does not name them.

        A name that repeats is numbered. In a file without a header, columns are numbers from 1.
        """
        return [name for name in self._table(path).header if not name.startswith(NAMELESS)]

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """Rows as text columns; rows that do not fit the columns are rejected."""
        table = self._table(path)
        header = set(table.header)
        repeated = [name for name in table.header if f"{name} (2)" in header]
        if needed := [name for name in repeated if name in schema]:
            raise InputDataError(
                "two columns have this name: rename one", file=path, line=1, field=needed[0]
            )
        for first, n_lines, block in read_blocks(
            path, start, self.form.encoding, table.rows.fits, table.is_whole
        ):
            line, data, n_before = first, block, 0
            if first == 1 and table.n_header_lines:
                data, n_before = table.without_header(block)
                line += n_before
            if data.strip():
                yield partial(table.records, path, data, line, n_lines - n_before, schema)

    def form_of(self, path: Path) -> TextForm:
        """How a file is written, its encoding aside."""
        table = self._table(path)
        header = bool(table.n_header_lines)
        return TextForm(self.form.encoding, table.rows.separator, table.rows.quote, header)

    def is_known_without_header(self, path: Path) -> bool:
        """Whether the name of a file says what its columns are."""
        return bool(self.columns) or bool(
            self.nameless[0] and path.name.startswith(self.nameless[0])
        )

    def n_lines(self, path: Path) -> int:
        """Number of lines, the header included."""
        table = self._table(path)
        blocks = read_blocks(path, Start(), self.form.encoding, table.rows.fits, table.is_whole)
        return sum(n for _, n, _ in blocks)

    def _table(self, path: Path) -> Table:
        text = read_head(path, self.form.encoding).decode("utf-8", "replace")
        complete = text if text.endswith("\n") else text.rpartition("\n")[0] or text
        lines = [line for line in _LINE_END.split(complete) if line.strip()][:_SNIFFED_LINES]
        rows = self._rows(lines)
        first = [name.strip() for name in rows.split(lines[0])] if lines else []
        names, n_header_lines = self._names(path, first)
        if not any(names):
            raise InputDataError(
                "the first line names no columns: put their names there", file=path, line=1
            )
        header = [name or f"{NAMELESS}{n}" for n, name in enumerate(unique_names(names))]
        trailing = ends_in_separator(lines[n_header_lines:], rows, len(header))
        return Table(replace(rows, n_columns=len(header)), header, n_header_lines, trailing)

    def _rows(self, lines: Sequence[str]) -> RowReader:
        """What splits these lines."""
        separator, quote = self.form.separator or self.separator, self.form.quote
        if self.detects and not self.form.separator:
            separator = detect_separator(lines, self.separator, quote)
        if quote is None:
            quoted = is_quoted(lines, separator) if self.quoted is None else self.quoted
            quote = '"' if quoted else ""
        return RowReader(separator, quote, encoding=self.form.encoding or "UTF-8")

    def _names(self, path: Path, first: list[str]) -> tuple[list[str], int]:
        """The names of the columns, and the number of lines that hold them."""
        named = self.form.header
        if named is None:
            named = not self.columns and has_header(first)
        if named:
            return [n.rpartition(":")[0] or n for n in first] if self.typed else first, 1
        prefix, columns = self.nameless
        known = prefix and path.name.startswith(prefix) and len(columns) == len(first)
        numbers = [str(n + 1) for n in range(len(first))]
        return list(self.columns or (columns if known else numbers)), 0
