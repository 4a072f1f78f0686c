"""Times in any notation as milliseconds since 1970 UTC, or as a plain order."""

from __future__ import annotations

import polars as pl

from recsys_lib.data.units import MILLISECONDS, ORDER, ORDER_BELOW, SECONDS

_SECONDS_BELOW = 100_000_000_000  # in ms this is March 1973, in seconds the year 5138
_LOCAL = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
)
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%d %H:%M:%S%.f%:z")


def unit_of(texts: pl.Series) -> str:
    """The unit of the numbers among these times, guessed from their median; ms for dates only."""
    typical = _numbers(texts).median()
    if not isinstance(typical, float):
        return MILLISECONDS
    if typical < ORDER_BELOW:
        return ORDER
    return SECONDS if typical < _SECONDS_BELOW else MILLISECONDS


def parse_times(texts: pl.Series, unit: str) -> pl.Series:
    """Times as int64, from texts or whole numbers; null for what is neither a number nor a date.

    ``unit`` is the unit of the numbers; seconds beyond the year 5138 are taken for milliseconds.
    Dates with an offset are converted, others are UTC.
    """
    numbers = _numbers(texts)
    if unit == SECONDS:
        is_seconds = pl.col("n") < _SECONDS_BELOW
        factor = pl.when(is_seconds).then(pl.lit(1000, dtype=pl.Int64)).otherwise(1)
        numbers = numbers.to_frame("n").select(pl.col("n") * factor).to_series()
    if numbers.null_count() > texts.null_count():
        numbers = numbers.to_frame("n").select(pl.coalesce("n", _dates(texts))).to_series()
    return numbers


def _numbers(texts: pl.Series) -> pl.Series:
    if texts.dtype == pl.Int64:
        return texts
    whole = texts.cast(pl.Int64, strict=False)
    if whole.null_count() == texts.null_count():
        return whole
    return texts.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)


def _dates(texts: pl.Series) -> pl.Series:
    utc = pl.col("t").str.replace(r"Z$", "")
    local = (utc.str.to_datetime(form, time_unit="ms", strict=False) for form in _LOCAL)
    zoned = (
        pl.col("t").str.to_datetime(form, time_unit="ms", time_zone="UTC", strict=False)
        for form in _ZONED
    )
    either = (time.dt.epoch("ms") for time in (*local, *zoned))
    return texts.to_frame("t").select(pl.coalesce(either)).to_series()
