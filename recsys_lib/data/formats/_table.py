"""The lines of one text table, once it is known how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from recsys_lib.data.formats._rows import RowReader
from recsys_lib.data.formats.records import LINE, Records, Rejected, Schema, balanced, with_fields

NAMELESS = "\x1e"
"""Begins the placeholder of a column without a name."""

_SLOW_PATH_ERRORS = (pl.exceptions.ComputeError, pl.exceptions.SchemaError)
_MOST_BYTES_IN_QUOTES = 32 << 20


@dataclass(frozen=True)
class Table:
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
        quote = self.rows.quote
        even = not quote or block.count(quote.encode()) % 2 == 0
        return even or len(block) > _MOST_BYTES_IN_QUOTES

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
        extra = [NAMELESS] if self.trailing else []
        try:
            frame = pl.read_csv(
                BytesIO(data),
                has_header=False,
                separator=self.rows.mark,
                quote_char=self.rows.quote or None,
                schema=dict.fromkeys([*self.header, *extra], pl.String()),
            )
        except _SLOW_PATH_ERRORS:
            return None
        if extra and frame[NAMELESS].null_count() < len(frame):
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
