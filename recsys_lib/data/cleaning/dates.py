"""Dates as people and programs write them, in milliseconds since 1970 UTC.

ISO dates are read at full speed. Of all others the time of day is taken off first, so that each way
to write a day is tried once, with any way to write the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recsys_lib.data.cleaning.notation import (
    DATES,
    DAY_FIRST,
    DOTS,
    MONTH_FIRST,
    NO_DOTS,
    NO_ZONE,
    Evidence,
)
from recsys_lib.data.units import DAY
from recsys_lib.errors import ParameterError

# Form, and whether it ends in an offset.
_ISO = (
    ("%Y-%m-%d %H:%M:%S%.f", False),
    ("%Y-%m-%dT%H:%M:%S%.f", False),
    ("%Y-%m-%d", False),
    ("%Y-%m-%d %H:%M", False),
    ("%Y-%m-%dT%H:%M", False),
    ("%Y-%m-%dT%H:%M:%S%.f%#z", True),
    ("%Y-%m-%d %H:%M:%S%.f%#z", True),
)
_CLOCK = (
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3})\d*)?)?"
    r"(?:\s*([AaPp])\.?[Mm]\b\.?)?(?:\s*Uhr)?(?:\s*(Z|UTC|GMT)|\s*([+-])(\d{2}):?(\d{2}))?"
)
_WEEKDAY = r"(?i)\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b\.?,?"
_MONTH = r"\b(\p{L}{3})\p{L}*\.?"
_NTH = r"(\d)(?:st|nd|rd|th|\.)(?:\s|$)"
_GERMAN = {"Dez": "Dec", "dez": "Dec", "Okt": "Oct", "okt": "Oct", "Mai": "May", "mai": "May"}
_GERMAN |= {"Mär": "Mar", "mär": "Mar", "Mrz": "Mar", "mrz": "Mar"}
# The form with %y comes first, since %Y takes 10 for the year 10.
_DAYS = ("%Y-%m-%d", "%d %b %y", "%d %b %Y", "%b %d %Y", "%m %d %Y", "%Y %b %d", "%Y%m%d")
_NUMERIC = r"^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})$"
_LONGEST = 64  # bytes; longer texts are no dates
_YEAR_1000 = -30_610_224_000_000  # in milliseconds
_CENTURY = 2000  # of years with two digits, below 70
_PIVOT = 70


@dataclass(frozen=True)
class Dates:
    """The dates of a column, as far as they can be read without knowing the notation.

    Parameters
    ----------
    places, times: positions in the column, and milliseconds, null for what is no date.
    open: dates such as 1/12/2010: columns ``place, first, second, year, dot, clock`` (ms of the
        day).
    n_zoned: how many dates have an offset from UTC.
    """

    places: pl.Series
    times: pl.Series
    open: pl.DataFrame
    n_zoned: int

    def evidence(self) -> Evidence:
        """How many dates there are, and how many can have one order of day and month only."""
        facts = self.open.select(
            ((pl.col("first") > 12) & (pl.col("second") <= 12)).sum().alias(DAY_FIRST),
            ((pl.col("first") <= 12) & (pl.col("second") > 12)).sum().alias(MONTH_FIRST),
            pl.col("dot").sum().alias(DOTS),
            (~pl.col("dot")).sum().alias(NO_DOTS),
        )
        found = Evidence({name: int(n) for name, n in facts.row(0, named=True).items() if n})
        found[DATES] = len(self.times) - self.times.null_count() + len(self.open)
        found[NO_ZONE] = found[DATES] - self.n_zoned
        return found

    def scatter(self, times: pl.Series, day_first: bool | None) -> pl.Series:
        """``times`` with the dates put in their places."""
        times = times.clone().scatter(self.places, self.times)
        if day_first is None or self.open.is_empty():
            return times
        day, month = ("first", "second") if day_first else ("second", "first")
        text = pl.format("{}-{}-{}", "year", month, day)
        read = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Int64) * DAY + pl.col("clock")
        return times.scatter(self.open["place"], self.open.select(read).to_series())


def read_dates(texts: pl.Series, chosen: pl.Series) -> Dates:
    """Read the chosen texts (bool)."""
    places = (chosen & (texts.str.len_bytes() <= _LONGEST)).arg_true()
    rest = pl.DataFrame({"place": places, "text": texts.gather(places)})
    found, n_zoned = [], 0
    for form, zoned in _likely_first(rest["text"]):
        parsed = _parsed(rest["text"], form, zoned=zoned)
        good = parsed.is_not_null()
        n_zoned += int(good.sum()) if zoned else 0
        found.append((rest["place"].filter(good), parsed.filter(good)))
        rest = rest.filter(~good) if good.any() else rest
        if rest.is_empty():
            break
    rest, opened = _by_parts(rest)
    found.append((rest["place"], rest["time"]))
    n_zoned += sum(int(one["zoned"].sum()) for one in (rest, opened))
    return Dates(
        pl.concat([place for place, _ in found]),
        pl.concat([time for _, time in found]),
        opened,
        n_zoned,
    )


def has_offset(form: str) -> bool:
    """Whether times of a form of strptime have an offset from UTC."""
    return any(part in form for part in ("%z", "%:z", "%#z"))


def read_formatted(texts: pl.Series, form: str) -> pl.Series:
    """Times of one form of strptime in milliseconds; null for what does not have this form."""
    try:
        return _parsed(texts.str.strip_chars(), form, zoned=has_offset(form))
    except pl.exceptions.PolarsError as error:
        raise ParameterError(
            f"etl.timestamp_format {form!r} is no form of a date ({str(error).splitlines()[0]}): "
            "write it like '%d.%m.%Y %H:%M'"
        ) from error


def _parsed(texts: pl.Series, form: str, *, zoned: bool) -> pl.Series:
    zone = "UTC" if zoned else None
    times = texts.str.to_datetime(form, time_unit="ms", time_zone=zone, strict=False)
    times = times.dt.epoch("ms")
    early = (times < _YEAR_1000).fill_null(False)
    # %Y takes 1-12-10 for a day in the year 1.
    return times.set(early & ~texts.str.contains(r"^\d{4}"), None) if early.any() else times


def _likely_first(texts: pl.Series) -> list[tuple[str, bool]]:
    """The forms of ISO, with those first that fit the first text."""
    first = texts.head(1)
    return sorted(_ISO, key=lambda entry: _parsed(first, entry[0], zoned=entry[1]).null_count())


def _by_parts(rest: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Columns ``place, time, zoned``; and dates whose day and month are open, as in ``Dates``."""
    text = pl.col("text")
    groups = text.str.extract_groups(_CLOCK)
    zone = pl.coalesce(groups.struct.field("6"), groups.struct.field("7"))
    parts = rest.select(
        "place",
        _clock(groups).alias("clock"),
        zone.is_not_null().alias("zoned"),
        _day(text.str.replace(_CLOCK, " ")).alias("day"),
    )
    numeric = pl.col("day").str.extract_groups(_NUMERIC)
    fields = parts.with_columns(
        numeric.struct.field("1").cast(pl.Int32).alias("first"),
        numeric.struct.field("3").cast(pl.Int32).alias("second"),
        _year(numeric.struct.field("4")).alias("year"),
        (numeric.struct.field("2") == ".").alias("dot"),
    )
    is_open = fields["first"].is_not_null() & fields["clock"].is_not_null()
    days = [pl.col("day").str.to_date(form, strict=False).cast(pl.Int64) * DAY for form in _DAYS]
    time = pl.coalesce(days) + pl.col("clock")
    closed = parts.filter(~is_open).select(
        "place",
        time.alias("time"),
        (time.is_not_null() & pl.col("zoned")).alias("zoned"),
    )
    return closed, fields.filter(is_open).drop("day")


def _day(text: pl.Expr) -> pl.Expr:
    """A day without its weekday, with months of three letters and single spaces."""
    text = text.str.replace_all(r"[\s,]+", " ").str.replace(_WEEKDAY, " ")
    text = text.str.replace(_NTH, "$1 ").str.replace(_MONTH, " $1 ")
    text = text.str.replace_many(list(_GERMAN), list(_GERMAN.values()))
    spaced = text.str.replace_all(r"[\s/-]+", " ")
    text = pl.when(text.str.contains(r"\p{L}{3}")).then(spaced).otherwise(text)
    text = text.str.strip_chars(" T")
    return text.str.replace(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$", "$1-$2-$3")


def _clock(groups: pl.Expr) -> pl.Expr:
    """Milliseconds of the day, minus the offset; 0 without a time, null for an impossible one."""

    def number(group: int) -> pl.Expr:
        return groups.struct.field(str(group)).cast(pl.Int64).fill_null(0)

    hour, half = number(1), groups.struct.field("5").str.to_lowercase()
    hour = pl.when(half.is_null()).then(hour).otherwise(hour % 12 + 12 * (half == "p"))
    fraction = groups.struct.field("4").str.pad_end(3, "0").cast(pl.Int64).fill_null(0)
    offset = (number(8) * 60 + number(9)) * 60_000
    offset = pl.when(groups.struct.field("7") == "-").then(-offset).otherwise(offset)
    clock = ((hour * 60 + number(2)) * 60 + number(3)) * 1000 + fraction
    possible = (number(1) < 24) & (number(2) < 60) & (number(3) <= 60)
    possible &= half.is_null() | number(1).is_between(1, 12)
    return pl.when(possible).then(clock - offset)


def _year(text: pl.Expr) -> pl.Expr:
    """A year with all four digits."""
    year = text.cast(pl.Int32)
    short = year + pl.when(year < _PIVOT).then(_CENTURY).otherwise(_CENTURY - 100)
    return pl.when(text.str.len_chars() == 2).then(short).otherwise(year)
