"""Text tables, CSV, TSV and their relatives: every value as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
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
from recsys_lib.data.formats.records import (
    LINE,
    Records,
    Rejected,
    Schema,
    Start,
    Work,
    balanced,
    with_fields,
)
from recsys_lib.errors import InputDataError

_SLOW_PATH_ERRORS = (pl.exceptions.ComputeError, pl.exceptions.SchemaError)
_MOST_BYTES_IN_QUOTES = 32 << 20
_SNIFFED_LINES = 100
_NAMELESS = "\x1e"  # begins the placeholder of a column without a name


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
    """

    separator: str
    columns: tuple[str, ...] = ()
    quoted: bool | None = True
    typed: bool = False
    detects: bool = False
    nameless: tuple[str, tuple[str, ...]] = ("", ())

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """The column names; InputDataError when the first line does not name them.

        A name that repeats is numbered. In a file without a header, columns are numbers from 1.
        """
        return [name for name in self._table(path).header if not name.startswith(_NAMELESS)]

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """Rows as text columns; rows that do not fit the columns are rejected."""
        table = self._table(path)
        header = set(table.header)
        repeated = [name for name in table.header if f"{name} (2)" in header]
        if needed := [name for name in repeated if name in schema]:
            raise InputDataError(
                "two columns have this name: rename one", file=path, line=1, field=needed[0]
            )
        for first, n_lines, block in read_blocks(path, start, table.is_whole):
            line, data, n_before = first, block, 0
            if first == 1 and table.n_header_lines:
                data, n_before = table.without_header(block)
                line += n_before
            if data.strip():
                yield partial(table.records, path, data, line, n_lines - n_before, schema)

    def separator_of(self, path: Path) -> str:
        """The separator of a file."""
        return self._table(path).rows.separator

    def _table(self, path: Path) -> _Table:
        head = read_head(path)
        text = head.decode("utf-8", "replace")
        complete = text if text.endswith("\n") else text.rpartition("\n")[0] or text
        lines = [line for line in complete.splitlines() if line.strip()][:_SNIFFED_LINES]
        separator = self.separator
        if self.detects:
            separator = detect_separator(lines, self.separator)
        quoted = is_quoted(lines, separator) if self.quoted is None else self.quoted
        rows = RowReader(separator, quoted)
        first = [name.strip() for name in rows.split(lines[0])] if lines else []
        names, n_header_lines = list(self.columns), 0
        if not names and has_header(first):
            names, n_header_lines = first, 1
            if self.typed:
                names = [name.rpartition(":")[0] or name for name in names]
        elif not names:
            prefix, columns = self.nameless
            known = prefix and path.name.startswith(prefix) and len(columns) == len(first)
            names = list(columns) if known else [str(n + 1) for n in range(len(first))]
        if not any(names):
            raise InputDataError(
                "the first line names no columns: put their names there", file=path, line=1
            )
        header = [name or f"{_NAMELESS}{n}" for n, name in enumerate(unique_names(names))]
        trailing = ends_in_separator(lines[n_header_lines:], rows, len(header))
        return _Table(replace(rows, n_columns=len(header)), header, n_header_lines, trailing)


@dataclass(frozen=True)
class _Table:
    """How one file is written.

    Parameters
    ----------
    rows: splits lines.
    header: a name for each column.
    n_header_lines: 1, or 0 without a header.
    trailing: whether rows end in a separator that the header does not have.
    """

    rows: RowReader
    header: list[str]
    n_header_lines: int
    trailing: bool

    def is_whole(self, block: bytes) -> bool:
        """Whether every quote is closed; after 32 MB a quote counts as a stray one."""
        even = block.count(b'"') % 2 == 0
        return not self.rows.quoted or even or len(block) > _MOST_BYTES_IN_QUOTES

    def without_header(self, block: bytes) -> tuple[bytes, int]:
        """The block after its first line with text, and the number of lines left out."""
        data, n_lines, line = block, 0, b""
        while data and not line.strip():
            line, _, data = data.partition(b"\n")
            n_lines += 1
        return data, n_lines

    def records(self, path: Path, block: bytes, line: int, n_lines: int, schema: Schema) -> Records:
        """The records of a block that begins with line number ``line``."""
        data = self.rows.plain(block)
        frame = self._parsed(data)
        if frame is None or len(frame) != n_lines:
            # Blank lines, or line ends within a value: only the slow reader knows line numbers.
            return balanced(self._row_by_row(path, data, line, schema), path, line, n_lines)
        numbers = pl.int_range(line, line + n_lines, dtype=pl.Int64, eager=True)
        there = set(self.header)
        wanted = frame.select(name for name in schema if name in there)
        repaired = self.rows.n_trailing(data) if self.trailing else 0
        return Records(with_fields(wanted, schema, numbers.alias(LINE)), [], n_repaired=repaired)

    def _parsed(self, data: bytes) -> pl.DataFrame | None:
        """All lines at once; None when that fails."""
        extra = [_NAMELESS] if self.trailing else []
        try:
            frame = pl.read_csv(
                BytesIO(data),
                has_header=False,
                separator=self.rows.mark,
                quote_char='"' if self.rows.quoted else None,
                schema=dict.fromkeys([*self.header, *extra], pl.String()),
            )
        except _SLOW_PATH_ERRORS:
            return None
        if extra and frame[_NAMELESS].null_count() < len(frame):
            return None
        return frame

    def _row_by_row(self, path: Path, data: bytes, line: int, schema: Schema) -> Records:
        values, numbers, rejected, n_other, n_repaired = [], [], [], 0, 0
        for row in self.rows.rows(data):
            n_other += row.n_lines - bool(row.values or row.problem)
            if row.problem:
                bad = Rejected.from_line(path, line + row.offset, row.problem, row.text)
                rejected.append(bad)
            elif row.values:
                values.append([value or None for value in row.values])
                numbers.append(line + row.offset)
                n_repaired += row.is_repaired
        frame = pl.DataFrame(values, schema=dict.fromkeys(self.header, pl.String()), orient="row")
        lines = pl.Series(LINE, numbers, dtype=pl.Int64)
        found = with_fields(frame, schema, lines)
        return Records(found, rejected, n_other=n_other, n_repaired=n_repaired)
