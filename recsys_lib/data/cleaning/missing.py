"""Words that programs write where a value is missing."""

from __future__ import annotations

import polars as pl

# What pandas, R, SQL databases and JavaScript write for a missing value.
MISSING = (
    *("nan", "NaN", "NAN", "-nan", "-NaN", "NaT", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>"),
    *("null", "NULL", "Null", "none", "None", "NONE", "nil", "undefined", r"\N"),
)
_LONGEST = max(map(len, MISSING))


def present(texts: pl.Series) -> pl.Series:
    """The texts without outer blanks; null for those that are blank or say that none is there."""
    stripped = texts.str.strip_chars()
    short = (stripped.str.len_bytes() <= _LONGEST).fill_null(False)
    if not short.any():
        return stripped
    absent = short & ((stripped == "") | stripped.is_in(MISSING))
    return stripped.set(absent, None) if absent.any() else stripped
