"""How a file writes its values: units, decimal marks, order of day and month, found by content.

Each block of a file adds to the evidence. What all of it says is settled once the file is read, so
that neither the first lines nor the order of the lines decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from recsys_lib.data.units import (
    AUTO,
    MICROSECONDS,
    MILLISECONDS,
    NANOSECONDS,
    ORDER,
    SECONDS,
)
from recsys_lib.parameters import EtlParameters

Evidence = Counter[str]
"""What speaks for a notation -> number of values."""

UNITS = (SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS)
DATES, COMPACT, ZEROS = "dates", "dates as numbers", "zeros"
NO_ZONE = "dates without a zone"
DAY_FIRST, MONTH_FIRST = "day before month", "month before day"
DOTS, NO_DOTS = "days with dots", "days without dots"
COMMA, POINT = "decimal commas", "decimal points"
PATHS, PLAIN_CATEGORIES = "category paths with ", "categories"
RATINGS, ON_SCALE = "ratings", "ratings on the scale "

Scale = tuple[float, float]
SCALES: tuple[Scale, ...] = ((0.5, 5.0), (0.5, 10.0), (1.0, 100.0))
_COVERS = 0.95  # a scale may leave that many ratings outside, as bad ones
_USUAL = 0.5  # a mark that no name has, such as >, separates categories when so many have it
SEPARATORS = (">>", ">", "|", "/")


@dataclass(frozen=True)
class Wishes:
    """What the user says about the notation; the defaults let the content decide."""

    unit: str = AUTO
    timestamp_format: str = ""
    decimal: str = AUTO

    @classmethod
    def from_parameters(cls, parameters: EtlParameters) -> Wishes:
        """What the parameters of the etl step say."""
        return cls(parameters.timestamp_unit, parameters.timestamp_format, parameters.decimal)


@dataclass(frozen=True)
class Notation:
    """How a file writes its values.

    Parameters
    ----------
    unit: of numeric times; "order" when they only order.
    compact: whether numbers such as 20241231 are dates.
    day_first: whether 1/12/2010 is in December; None when nothing settles it.
    decimal: "," when all marks are so used that it can be nothing else, "." only when the user
        says so; "" leaves 1,299 and 1.299 to the rules of numbers.
    whole_ids: columns whose ids are all written as 22423.0.
    separator: between the categories of a path; "" for none.
    scale: lowest and highest rating of nearly all; None where it is not sought or not found.
    """

    unit: str = MILLISECONDS
    compact: bool = False
    day_first: bool | None = None
    decimal: str = ""
    whole_ids: tuple[str, ...] = ()
    separator: str = ""
    scale: Scale | None = None


def settle(
    own: Evidence,
    everything: Evidence,
    wishes: Wishes,
    *,
    ids: Iterable[str] = (),
) -> Notation:
    """The notation of a file, from its own evidence and that of all files of its table.

    ``ids`` are the columns of ids.
    """
    days = _day_first(own)
    return Notation(
        unit=_unit(own) if wishes.unit == AUTO else wishes.unit,
        compact=wishes.unit == AUTO and 0 < own[ORDER] == own[COMPACT],
        day_first=_day_first(everything) if days is None else days,
        decimal=_decimal(own) if wishes.decimal == AUTO else wishes.decimal,
        whole_ids=tuple(name for name in ids if own[whole(name)] and not own[other(name)]),
        separator=_separator(own),
        scale=_scale(everything),
    )


def has_times(own: Evidence) -> bool:
    """Whether there is any time in a file."""
    return any(own[key] for key in (*UNITS, DATES, ORDER, ZEROS))


def whole(column: str) -> str:
    """The key of a column's ids that are whole numbers written with a fraction of 0."""
    return f"{column} such as 22423.0"


def other(column: str) -> str:
    """The key of a column's other ids."""
    return f"{column} of other forms"


def on_scale(scale: Scale) -> str:
    """The key of the ratings within a scale."""
    return f"{ON_SCALE}{scale[0]:g} to {scale[1]:g}"


def _unit(own: Evidence) -> str:
    times = sum(own[unit] for unit in UNITS) + own[DATES]
    order = own[ORDER] if own[ORDER] != own[COMPACT] else 0
    if order > times or (own[ZEROS] and not times + own[COMPACT]):
        return ORDER
    frequent = max(UNITS, key=lambda unit: own[unit])
    return frequent if own[frequent] else MILLISECONDS


def _day_first(evidence: Evidence) -> bool | None:
    day, month = evidence[DAY_FIRST], evidence[MONTH_FIRST]
    if day != month:
        return day > month
    # 1.12.2010 is written by countries that put the day first.
    return True if evidence[DOTS] > evidence[NO_DOTS] and not day else None


def _decimal(own: Evidence) -> str:
    """Decimal points need no settling: programs read them."""
    return "," if own[COMMA] and not own[POINT] else ""


def _separator(own: Evidence) -> str:
    for mark in SEPARATORS:
        n, of = own[PATHS + mark], own[PLAIN_CATEGORIES]
        # Names such as AC/DC hold a slash, so there all values must have it.
        if n and (n == of if mark == "/" else n >= _USUAL * of):
            return mark
    return ""


def _scale(everything: Evidence) -> Scale | None:
    """The narrowest scale that holds nearly all ratings; None if none does, or none is sought."""
    n = everything[RATINGS]
    fits = (scale for scale in SCALES if everything[on_scale(scale)] >= _COVERS * n)
    return next(fits, None) if n else None
