"""Tables as notebooks and reports show them: small, aligned, every text escaped."""

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
    """A table that a notebook shows as HTML, and a log as plain text."""

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
        """Numbers stand right; a heading stands where the values of its column do."""
        values = [value] if value is not None else [row[name] for row in self.rows]
        numeric = any(isinstance(v, Real) and not isinstance(v, bool) for v in values)
        # The class is for the report, the style for JupyterLab, which aligns all cells right.
        return _NUMBER if numeric else _TEXT


def show(table: Mapping[str, Any] | pl.DataFrame | pd.DataFrame, **formats: str) -> HtmlTable:
    """A table to look at; a mapping is shown as names beside values.

    ``formats`` gives a format string for a column, for example ``share="{:.1%}"``. Whole numbers
    get thousands separators, other numbers three decimals.
    """
    if isinstance(table, Mapping):
        rows = [{"what": name, "value": value} for name, value in table.items()]
        return HtmlTable(rows, formats, header=False)
    rows = table.to_dicts() if isinstance(table, pl.DataFrame) else table.to_dict("records")
    return HtmlTable(rows, formats, header=True)


def text_of(value: Any, pattern: str | None = None) -> str:
    """A value as people read it."""
    if value is None or value != value:  # noqa: PLR0124  # the test for NaN
        return _MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if pattern is not None:
        return pattern.format(value)
    if isinstance(value, Integral):
        return f"{value:,}"
    return f"{value:,.3f}" if isinstance(value, Real) else str(value)
