"""Times of all kinds as milliseconds since 1970 UTC, or as a plain order."""

from __future__ import annotations

import polars as pl

MILLISECONDS, SECONDS, ORDER = "ms", "s", "order"
AUTO = "auto"

_SECONDS_BELOW = 100_000_000_000  # in ms this is March 1973, in seconds the year 5138
_ORDER_BELOW = 100_000_000  # in seconds this is March 1973: no review is that old
_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def parse_times(texts: pl.Series, unit: str) -> tuple[pl.Series, str]:
    """int64 times and their unit; null where a text is neither a number nor an ISO date.

    ``unit`` says what numbers mean; with "auto" their size tells. Dates are taken as UTC. Without
    any time at all the order of the rows stands in.
    """
    if texts.null_count() == len(texts):
        return pl.int_range(len(texts), dtype=pl.Int64, eager=True), ORDER
    numbers = texts.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    if unit == AUTO:
        unit = _unit_of(numbers)
    if unit == SECONDS:
        numbers = numbers * 1000
    if numbers.null_count() > texts.null_count():
        numbers = numbers.to_frame("n").select(pl.coalesce("n", _dates(texts))).to_series()
    return numbers, unit


def _unit_of(numbers: pl.Series) -> str:
    typical = numbers.median()
    if not isinstance(typical, float):
        return MILLISECONDS  # no numbers, so there are dates
    if typical < _ORDER_BELOW:
        return ORDER
    return SECONDS if typical < _SECONDS_BELOW else MILLISECONDS


def _dates(texts: pl.Series) -> pl.Series:
    local = texts.str.strip_suffix("Z").to_frame("t")
    parsed = (pl.col("t").str.to_datetime(form, time_unit="ms", strict=False) for form in _FORMATS)
    return local.select(pl.coalesce(parsed).dt.epoch("ms")).to_series()
