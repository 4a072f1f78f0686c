"""Times in any notation as milliseconds since 1970 UTC, or as a plain order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import polars as pl

from recsys_lib.data.cleaning.dates import Dates, has_offset, read_dates, read_formatted
from recsys_lib.data.cleaning.notation import (
    COMPACT,
    DATES,
    NO_ZONE,
    UNITS,
    ZEROS,
    Evidence,
    Notation,
)
from recsys_lib.data.units import (
    DAY,
    MICROSECONDS,
    MILLISECONDS,
    NANOSECONDS,
    ORDER,
    ORDER_BELOW,
    SECONDS,
)

# From these on a number is milliseconds, microseconds, nanoseconds: as seconds, milliseconds or
# microseconds each would be in the year 5138.
_BOUNDS = (100_000_000_000, 100_000_000_000_000, 100_000_000_000_000_000)
_PER_MS = {MILLISECONDS: 1, MICROSECONDS: 1_000, NANOSECONDS: 1_000_000}
_COMPACT_DAYS = (1990_01_01, 2100_01_01)


@dataclass(frozen=True)
class Times:
    """A column of times, read as far as it can be without knowing the notation of its file.

    Parameters
    ----------
    numbers: int64, null where a value is no number.
    dates: the values that are no numbers.
    formatted: milliseconds, when the user says what the dates look like; else None.
    zoned: whether that form has an offset from UTC.
    """

    numbers: pl.Series
    dates: Dates | None
    formatted: pl.Series | None = None
    zoned: bool = False

    def evidence(self) -> Evidence:
        """How many values speak for which unit, and for which order of day and month."""
        if self.formatted is not None:
            n = len(self.formatted) - self.formatted.null_count()
            return Evidence({DATES: n, NO_ZONE: 0 if self.zoned else n})
        found = _sizes(self.numbers)
        if self.dates is not None:
            found.update(self.dates.evidence())
        return found

    def resolve(self, notation: Notation) -> pl.Series:
        """Milliseconds since 1970, or the plain order; null for what is no time."""
        if self.formatted is not None:
            return self.formatted
        numbers = self.numbers
        if notation.unit == ORDER:
            return numbers
        numbers = _compact(numbers) if notation.compact else _milliseconds(numbers, notation.unit)
        if self.dates is None:
            return numbers
        return self.dates.scatter(numbers, notation.day_first)

    def unsettled(self, notation: Notation) -> pl.Series:
        """Dates such as 1/12/2010 whose day and month nothing tells apart, bool."""
        found = pl.repeat(False, len(self.numbers), eager=True)
        if self.dates is None or notation.day_first is not None:
            return found
        return found.scatter(self.dates.open["place"], True)


def read_times(texts: pl.Series, timestamp_format: str = "") -> Times:
    """Read times from texts or whole numbers.

    Dates with an offset are converted, others are UTC.
    """
    if timestamp_format:
        formatted = read_formatted(texts.cast(pl.String), timestamp_format)
        return Times(texts, None, formatted, has_offset(timestamp_format))
    numbers = _numbers(texts)
    if numbers.null_count() == texts.null_count():
        return Times(numbers, None)
    return Times(numbers, read_dates(texts, numbers.is_null() & texts.is_not_null()))


def _numbers(texts: pl.Series) -> pl.Series:
    if texts.dtype == pl.Int64:
        return texts
    whole = texts.cast(pl.Int64, strict=False)
    if whole.null_count() == texts.null_count():
        return whole
    left = whole.is_null() & texts.is_not_null()
    places = left.arg_true()
    rest = texts.gather(places).str.strip_chars()
    exact = rest.cast(pl.Int64, strict=False)
    floats = rest.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    return whole.scatter(places, exact.zip_with(exact.is_not_null(), floats))


def _sizes(numbers: pl.Series) -> Evidence:
    """How many numbers have the size of times in each unit, of an order, or of 20241231."""
    if numbers.null_count() == len(numbers):
        return Evidence()
    low, high = cast(int, numbers.min()), cast(int, numbers.max())
    n = len(numbers) - numbers.null_count()
    edges = (ORDER_BELOW, *_BOUNDS)
    classes = (ORDER, *UNITS)
    for name, start, end in zip(classes, (1, *edges), (*edges, None), strict=True):
        # Nearly all files have one unit only.
        if name != ORDER and low >= start and (end is None or high < end):
            return Evidence({name: n})
    counts = pl.DataFrame({"n": numbers}).select(
        (pl.col("n") == 0).sum().alias(ZEROS),
        ((pl.col("n") != 0) & (pl.col("n") < ORDER_BELOW)).sum().alias(ORDER),
        *(
            ((pl.col("n") >= start) & (pl.col("n") < (end or high + 1))).sum().alias(name)
            for name, start, end in zip(UNITS, edges, (*edges[1:], None), strict=True)
        ),
    )
    found = Evidence({name: int(count) for name, count in counts.row(0, named=True).items()})
    if found[ORDER] and _COMPACT_DAYS[0] <= high:
        found[COMPACT] = _count_compact(numbers)
    return found


def _count_compact(numbers: pl.Series) -> int:
    small = numbers.filter(numbers.is_between(*_COMPACT_DAYS))
    return len(small) - _compact(small).null_count()


def _compact(numbers: pl.Series) -> pl.Series:
    """Milliseconds of 20241231; null for what is no date."""
    days = numbers.cast(pl.String).str.to_date("%Y%m%d", strict=False)
    return days.cast(pl.Int64) * DAY


def _milliseconds(numbers: pl.Series, unit: str) -> pl.Series:
    """Numbers in ``unit`` as milliseconds; seconds beyond the year 5138 are taken for those."""
    if unit == SECONDS:
        seconds = numbers < _BOUNDS[0]
        if seconds.all():
            return numbers * 1000
        return (numbers.set(~seconds.fill_null(False), None) * 1000).zip_with(
            seconds.fill_null(False), numbers
        )
    return numbers if unit == MILLISECONDS else numbers // _PER_MS[unit]
