"""Tables and sentences for notebooks and reports: small, aligned, every text escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import pandas as pd
import polars as pl

from recsys_lib.display.decoration import NotShown

_MISSING = "-"
_NUMBER = ' class="number" style="text-align: right"'
_TEXT = ' style="text-align: left"'
_STARTS_OF_NUMBERS = frozenset("0123456789-")


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
        """Numbers are aligned right; a heading is aligned as its column.

        Without a header, numbers may stand among texts: then all are aligned left.
        """
        column = [row[name] for row in self.rows]
        if not self.header:
            numeric = all(text_of(v)[:1] in _STARTS_OF_NUMBERS for v in column)
        else:
            values = [value] if value is not None else column
            numeric = any(isinstance(v, Real) and not isinstance(v, bool) for v in values)
        # The report styles the class; JupyterLab needs the style, since it aligns all cells right.
        return _NUMBER if numeric else _TEXT


@dataclass(frozen=True)
class HtmlText:
    """Sentences that notebooks show as a paragraph or a list, and logs as plain text."""

    sentences: tuple[str, ...]
    is_list: bool

    def _repr_html_(self) -> str:
        if not self.is_list:
            return "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.sentences)
        items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences)
        return f"<ul>{items}</ul>"

    def __repr__(self) -> str:
        return "\n".join(self.sentences)


def show(
    content: Mapping[str, Any] | pl.DataFrame | pd.DataFrame | str | Sequence[str] | NotShown,
    *,
    if_empty: str = "There is nothing to show.",
    **formats: str,
) -> HtmlTable | HtmlText | NotShown:
    """Show a table or sentences in a notebook, the report or a log.

    Parameters
    ----------
    content
        A data frame; a mapping, which is shown as names beside values; a sentence, or a list of
        them. What :func:`~recsys_lib.display.decoration.drawn` returns instead of one of these
        stays as it is.
    if_empty
        The sentence that stands in place of a table without rows: why it has none.
    **formats
        A format string for a column, such as ``share="{:.1%}"``. By default whole numbers get
        thousands separators and other numbers three decimals.

    Returns
    -------
    HtmlTable, HtmlText or NotShown
        Shown when it is the last value of a cell.

    Examples
    --------
    >>> show({"users": 20000, "density": 0.25})
    users  20,000
    density  0.250
    >>> show(pl.DataFrame({"title": ["Belt"], "share": [0.5]}), share="{:.1%}")
    Belt  50.0%
    >>> show(pl.DataFrame({"title": []}), if_empty="No product was rated.")
    No product was rated.
    """
    if isinstance(content, NotShown):
        return content
    if isinstance(content, Mapping):
        rows = [{"what": name, "value": value} for name, value in content.items()]
        return HtmlTable(rows, formats, header=False)
    if isinstance(content, pl.DataFrame | pd.DataFrame):
        rows = _rows(content)
        return HtmlTable(rows, formats, header=True) if rows else show(if_empty)
    if isinstance(content, str):
        return HtmlText((content,), is_list=False)
    return HtmlText(tuple(content), is_list=True)


def _rows(frame: pl.DataFrame | pd.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dicts() if isinstance(frame, pl.DataFrame) else frame.to_dict("records")


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
