"""Ids of people and items as plain text, alike in all files."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from recsys_lib.data.cleaning.missing import present
from recsys_lib.data.cleaning.notation import Evidence, other, whole

_WHOLE = r"^\d+\.0+$"
# In a table without whole numbers for missing values, 22423 turns into 22423.0 as soon as one id
# is missing, so the ids of two exports of one shop would never meet.
_NUL = "\0"  # programs in C end a text there, so that different ids could be one
_NESTED = r"""^\{\s*["'}]|^\[.*\]$"""


def read_ids(texts: pl.Series) -> tuple[pl.Series, Evidence]:
    """Ids without outer blanks, null where they are missing, and whether all are whole numbers."""
    ids = present(texts)
    first = ids.drop_nulls().head(1)
    if not len(first):
        return ids, Evidence()
    name = texts.name
    if not first.str.contains(_WHOLE).item():
        return ids, Evidence({other(name): 1})
    n = int(ids.str.contains(_WHOLE).sum())
    return ids, Evidence({whole(name): n, other(name): len(ids) - ids.null_count() - n})


def without_fraction(ids: pl.Series) -> pl.Series:
    """22423 for 22423.0."""
    return ids.str.replace(r"\.0+$", "")


def unusable(ids: pl.Series) -> Iterator[tuple[pl.Series, str]]:
    """What is in the place of an id and is none, bool, and why; kinds that occur only."""
    kinds = (
        (_nested(ids), "is an object or a list, not an id"),
        (ids.str.contains(_NUL, literal=True).fill_null(False), "has a NUL character"),
    )
    return ((found, why) for found, why in kinds if found.any())


def _nested(ids: pl.Series) -> pl.Series:
    """Whether an id is a JSON object or list instead of a text or number, bool."""
    braced = (ids.str.starts_with("{") | ids.str.starts_with("[")).fill_null(False)
    return braced & ids.str.contains(_NESTED).fill_null(False) if braced.any() else braced
