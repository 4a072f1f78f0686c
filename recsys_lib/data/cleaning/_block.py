"""The values of a block of ratings, read as far as the notation of their file does not matter."""

from __future__ import annotations

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.ids import read_ids, without_fraction
from recsys_lib.data.cleaning.missing import present
from recsys_lib.data.cleaning.notation import RATINGS, SCALES, Evidence, Notation, on_scale
from recsys_lib.data.cleaning.numbers import (
    Numbers,
    read_counts,
    read_flags,
)
from recsys_lib.data.cleaning.times import Times, read_times

IDS = (Ratings.USER, Ratings.ITEM)
_NUMBERS = (Ratings.RATING, Ratings.QUANTITY)


class RatingBlock:
    """The values of a block, and what they say about the notation of the file.

    ``values`` has our columns, each as text or in its type. ``seeks_scale`` says whether the
    ratings show on which scale they are.
    """

    def __init__(
        self, values: pl.DataFrame, timestamp_format: str = "", *, seeks_scale: bool = False
    ) -> None:
        self.values = values
        self.evidence = Evidence()
        self._ids: list[pl.Series] = []
        for name in IDS:
            ids, found = read_ids(values[name].cast(pl.String))
            self._ids.append(ids)
            self.evidence.update(found)
        self.times: Times = read_times(values[Ratings.TIMESTAMP], timestamp_format)
        self.evidence.update(self.times.evidence())
        self._numbers = {n: Numbers.read(values[n]) for n in _NUMBERS if n in values.columns}
        for numbers in self._numbers.values():
            self.evidence.update(numbers.evidence())
        if seeks_scale:
            self._weigh_scale()

    def typed(self, notation: Notation) -> pl.DataFrame:
        """Our columns in their types; null for what is missing or cannot be read."""
        ids = (
            without_fraction(column) if column.name in notation.whole_ids else column
            for column in self._ids
        )
        numbers = (column.resolve(notation.decimal) for column in self._numbers.values())
        event = (present(self.values[n]) for n in (Ratings.EVENT,) if n in self.values.columns)
        return self.values.with_columns(
            *ids,
            *numbers,
            *event,
            self.times.resolve(notation).alias(Ratings.TIMESTAMP),
            read_flags(self.values[Ratings.VERIFIED]),
            read_counts(self.values[Ratings.HELPFUL]),
        )

    def blank(self, name: str, typed: pl.DataFrame) -> pl.Expr:
        """Whether nothing was there, among the values of a column that could not be read."""
        unread, texts = typed[name].is_null(), self.values[name]
        if not unread.any():
            return pl.lit(value=False)
        if texts.dtype != pl.String:
            return pl.lit(texts.is_null())
        return pl.lit(present(texts.set(~unread, "0")).is_null())

    def _weigh_scale(self) -> None:
        ratings = self._numbers[Ratings.RATING].resolve(",").drop_nulls()
        self.evidence[RATINGS] += len(ratings)
        for scale in SCALES:
            self.evidence[on_scale(scale)] += int(ratings.is_between(*scale).sum())
