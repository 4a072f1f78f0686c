"""Tables for notebooks and reports: small, aligned, every text escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import pandas as pd
import polars as pl

_MISSING = "-"
_NUMBER = ' class="number" style="text-align: right"'
_TEXT = ' style="text-align: left"'


@dataclass(frozen=True)
class HtmlTable:
    """A table that notebooks show as HTML, and logs as plain text."""

    rows: list[dict[str, Any]]
    formats: dict[str, str]
    header: bool

    def _repr_html_(self) -> str:
        head = ""
        if self.header and self.rows:
            cells = "".join(f"<th{self._css(n)}>{html.escape(n)}</th>" for n in self.rows[0])
            head = f"<thead><tr>{cells}</tr></thead>"
        body = "".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        return f"<table>{head}<tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        lines = [
            "  ".join(text_of(value, self.formats.get(name)) for name, value in row.items())
            for row in self.rows
        ]
        return "\n".join(lines)

    def _cells(self, row: dict[str, Any]) -> str:
        return "".join(
            f"<td{self._css(name, value)}>"
            f"{html.escape(text_of(value, self.formats.get(name)))}</td>"
            for name, value in row.items()
        )

    def _css(self, name: str, value: Any = None) -> str:
        """Numbers are aligned right; a heading is aligned as its column."""
        values = [value] if value is not None else [row[name] for row in self.rows]
        numeric = any(isinstance(v, Real) and not isinstance(v, bool) for v in values)
        # The report styles the class; JupyterLab needs the style, since it aligns all cells right.
        return _NUMBER if numeric else _TEXT


def show(table: Mapping[str, Any] | pl.DataFrame | pd.DataFrame, **formats: str) -> HtmlTable:
    """Show a table in a notebook, the report or a log.

    Parameters
    ----------
    table
        A data frame, or a mapping, which is shown as names beside values.
    **formats
        A format string for a column, such as ``share="{:.1%}"``. By default whole numbers get
        thousands separators and other numbers three decimals.

    Returns
    -------
    HtmlTable
        Shown when it is the last value of a cell.

    Examples
    --------
    >>> show({"users": 20000, "density": 0.25})
    users  20,000
    density  0.250
    >>> show(pl.DataFrame({"title": ["Belt"], "share": [0.5]}), share="{:.1%}")
    Belt  50.0%
    """
    if isinstance(table, Mapping):
        rows = [{"what": name, "value": value} for name, value in table.items()]
        return HtmlTable(rows, formats, header=False)
    rows = table.to_dicts() if isinstance(table, pl.DataFrame) else table.to_dict("records")
    return HtmlTable(rows, formats, header=True)


def text_of(value: Any, pattern: str | None = None) -> str:
    """A value in words: separators in numbers, yes and no, a dash where it is missing."""
    if value is None or value != value:  # noqa: PLR0124  # the test for NaN
        return _MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if pattern is not None:
        return pattern.format(value)
    if isinstance(value, Integral):
        return f"{value:,}"
    return f"{value:,.3f}" if isinstance(value, Real) else str(value)
