"""Values that cannot be read: counted by field, with an example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from recsys_lib.data.cleaning.missing import present

_SHOWN = 80  # characters of an example


@dataclass(frozen=True)
class Unreadable:
    """How many values of a field hold something that cannot be read, and the first by alphabet."""

    values: int
    example: str


UnreadableFields = Mapping[str, Unreadable]
"""Our column -> what could not be read of it; fields without such values are left out."""


def unreadable(texts: pl.Series, read: pl.Series) -> UnreadableFields:
    """The values of ``texts`` that became null in ``read``."""
    if read.null_count() == texts.null_count():
        return {}
    lost = present(texts.filter(read.is_null() & texts.is_not_null()).cast(pl.String)).drop_nulls()
    if lost.is_empty():
        return {}
    return {read.name: Unreadable(len(lost), str(lost.min())[:_SHOWN])}


def join_unreadable(parts: Iterable[UnreadableFields]) -> UnreadableFields:
    """The sums over several blocks or files."""
    joined: dict[str, Unreadable] = {}
    for part in parts:
        for name, new in part.items():
            old = joined.get(name, Unreadable(0, new.example))
            example = min(old.example, new.example)
            joined[name] = Unreadable(old.values + new.values, example)
    return dict(sorted(joined.items()))
