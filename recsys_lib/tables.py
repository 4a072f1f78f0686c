"""Tables as notebooks and reports show them: small, aligned, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import polars as pl
from pandas.io.formats.style import Styler

Table = Mapping[str, Any] | pl.DataFrame | pd.DataFrame


def show(table: Table, **formats: str) -> Styler:
    """A table to look at; a mapping is shown as names beside values.

    ``formats`` gives a format string for a column, for example ``share="{:.1%}"``. Whole numbers
    get thousands separators, other numbers three decimals.
    """
    if isinstance(table, Mapping):
        styler = _frame(table).style.hide(axis="columns")
    else:
        styler = (table.to_pandas() if isinstance(table, pl.DataFrame) else table).style
    styler = styler.hide(axis="index").format(_text, escape="html", na_rep="-")
    for column, pattern in formats.items():
        styler = styler.format(pattern, subset=[column], escape="html", na_rep="-")
    numbers = styler.data.select_dtypes("number").columns
    return styler.set_properties(**{"text-align": "left"}).set_properties(
        subset=numbers, **{"text-align": "right"}
    )


def _frame(values: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {"what": list(values), "value": pd.Series(list(values.values()), dtype=object)}
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.3f}" if isinstance(value, float) else str(value)
