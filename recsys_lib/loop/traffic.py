"""What a service did: lists, times and coverage a day, and how often its items were taken.

Rates have 95 % intervals that count people, not items: what one person does with ten items is not
ten independent answers. Wilson's interval gets the number of independent items that has the
variance of the mean over people (Kish's effective sample size).

References: Wilson, "Probable inference, the law of succession, and statistical inference" (1927);
Kish, "Survey Sampling" (1965), 8.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import norm

from recsys_lib.columns import Feedback
from recsys_lib.loop.arm_comparison import half_width
from recsys_lib.loop.outcomes import OUTCOMES, person
from recsys_lib.significance import SIGNIFICANT

SHARES = ("source", "position", "route", "version")
"""By which columns of shown items rates are compared."""
_QUANTILES = {"p50 ms": 0.5, "p95 ms": 0.95, "p99 ms": 0.99}
_Z = float(norm.ppf(1 - SIGNIFICANT / 2))
_PERSON = "person"
_FEWEST = 100  # people: before, the normal approximation does not hold


def by_day(shown: pl.DataFrame) -> pl.DataFrame:
    """A row for each day (UTC): lists, people, empty lists, different items, and milliseconds.

    Parameters
    ----------
    shown
        Columns ``Feedback.SHOWN``: a row for each item, and one for an empty list.

    Returns
    -------
    polars.DataFrame
        Columns day, lists, people, empty (a share), items (different ones), p50 ms, p95 ms and
        p99 ms (null where no time was logged), by day.
    """
    lists = shown.group_by(Feedback.LIST).agg(
        pl.col(Feedback.TIME).first(),
        pl.col(Feedback.MILLISECONDS).first(),
        person().first(),
        pl.col(Feedback.ITEM).first().is_null().alias("empty"),
    )
    day = pl.col(Feedback.TIME).dt.date().alias("day")
    items = (
        shown.drop_nulls(Feedback.ITEM)
        .group_by(day)
        .agg(pl.col(Feedback.ITEM).n_unique().alias("items"))
    )
    return (
        lists.group_by(day)
        .agg(
            pl.len().alias("lists"),
            pl.col(_PERSON).drop_nulls().n_unique().alias("people"),
            pl.col("empty").mean(),
            *(pl.col(Feedback.MILLISECONDS).quantile(q).alias(n) for n, q in _QUANTILES.items()),
        )
        .join(items, on="day", how="left")
        .with_columns(pl.col("items").fill_null(0))
        .select("day", "lists", "people", "empty", "items", *_QUANTILES)
        .sort("day")
    )


def rates(shown: pl.DataFrame, column: str, outcome: str = "clicked") -> pl.DataFrame:
    """How often shown items had an outcome, by the values of a column.

    Parameters
    ----------
    shown
        Shown items with their outcomes, see :func:`recsys_lib.loop.outcomes.outcomes`.
    column
        One of ``SHARES``, or any other column of shown items.
    outcome
        One of ``OUTCOMES``.

    Returns
    -------
    polars.DataFrame
        The column, people (lists of nobody known count as one person each), items, happened, rate,
        low and high; by the column.

    Raises
    ------
    ValueError
        For another outcome.
    """
    rows = _rates(shown, column, outcome)
    low, high = _interval(
        *(rows[name].to_numpy() for name in ("people", "items", "rate", "squares"))
    )
    return rows.drop("squares").with_columns(low=low, high=high)


def _rates(shown: pl.DataFrame, column: str, outcome: str) -> pl.DataFrame:
    """Counts and rates by a column, and the sum of the squared residuals of people."""
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r}: choose from {', '.join(OUTCOMES)}")
    each = pl.coalesce(person(), Feedback.LIST).alias(_PERSON)
    people = (
        shown.drop_nulls(Feedback.ITEM)
        .group_by(column, each)
        .agg(pl.len().alias("items"), pl.col(outcome).sum().alias("happened"))
    )
    sums = people.group_by(column).agg(
        pl.len().alias("people"), pl.col("items", "happened").sum().cast(pl.Int64)
    )
    sums = sums.with_columns(rate=pl.col("happened") / pl.col("items"))
    residual = pl.col("happened") - pl.col("rate") * pl.col("items")
    spread = (
        people.join(sums.select(column, "rate"), on=column)
        .group_by(column)
        .agg((residual**2).sum().alias("squares"))
    )
    return sums.join(spread, on=column).sort(column)


def _interval(
    people: np.ndarray, items: np.ndarray, rate: np.ndarray, squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of rates whose ``squares`` are those of the residuals of people."""
    variance = squares / items**2 * people / np.maximum(people - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = rate * (1 - rate) / variance
    # Where nothing varies, people are all that is known to be independent.
    n = np.where(np.isfinite(effective) & (effective > 0), np.minimum(effective, items), people)
    middle = (rate + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * np.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


@dataclass(frozen=True)
class LastingDifference:
    """Two rates, and ``gap``, the second less the first.

    ``low`` and ``high`` bound it, at whatever time one looks.
    """

    first: float
    second: float
    gap: float
    low: float
    high: float


def lasting_difference(
    shown: pl.DataFrame, column: str, first: str, second: str, outcome: str = "clicked"
) -> LastingDifference | None:
    """The difference of two rates, safe to look at on every day.

    Parameters
    ----------
    shown, column, outcome
        As for :func:`rates`.
    first, second
        Two values of the column.

    Returns
    -------
    LastingDifference or None
        None where fewer than 100 people got either. The bounds are the sum of those of two
        confidence sequences, see :func:`recsys_lib.loop.arm_comparison.half_width`.
    """
    rows = {row[column]: row for row in _rates(shown, column, outcome).to_dicts()}
    found = [rows.get(first), rows.get(second)]
    if any(row is None or row["people"] < _FEWEST for row in found):
        return None
    a, b = (row for row in found if row is not None)
    half = sum(half_width(_deviation(row), row["people"]) for row in (a, b))
    gap = b["rate"] - a["rate"]
    return LastingDifference(a["rate"], b["rate"], gap, gap - half, gap + half)


def _deviation(row: Mapping[str, float]) -> float:
    """Standard deviation of a person's share in a rate; never 0, as if somebody differed."""
    return math.sqrt(max(row["squares"], 1.0) * row["people"]) / row["items"]
