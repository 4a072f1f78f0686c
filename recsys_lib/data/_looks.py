"""What the values of columns look like: times, ratings, or what their names say."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from itertools import islice
from pathlib import Path

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data._samples import column, sample
from recsys_lib.data.cleaning.notation import COMPACT, DATES
from recsys_lib.data.cleaning.numbers import Numbers
from recsys_lib.data.cleaning.times import read_times
from recsys_lib.data.formats import AS_FOUND, TextForm
from recsys_lib.data.units import EARLIEST

_DATES_TRIED = 200
_MOST, _SOME = 0.95, 0.5  # shares of the values
_FEWEST = 5  # values that can look like ratings
_TOPS = (5.0, 10.0)  # what the best rating is, on most scales
_LATEST = 4_102_444_800_000  # 2100-01-01 in milliseconds
_PER_MS = (0.001, 1, 1_000, 1_000_000)
_MOST_FOUND = 12  # columns that look alike; more would be no choice
_SHORTEST_DATE, _LEAST_TIME = 6, 19_000_000
_NAME, _TEXT = "__name__", "__text__"
_NUMBER = pl.col(_TEXT).str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
_MAY_BE_DATE = (pl.col(_TEXT).str.len_bytes() >= _SHORTEST_DATE) & pl.col(_TEXT).str.contains(r"\d")
_MAY_BE_TIME = pl.coalesce(_NUMBER >= _LEAST_TIME, _MAY_BE_DATE)
_HALVES = ((_NUMBER * 2).round() == _NUMBER * 2) & (_NUMBER > 0)
# What is true of every column that the exact test accepts, and of few others.
_MAY_BE_TIMES = _MAY_BE_TIME.sum() >= _SOME * pl.col(_TEXT).count()
_MAY_BE_RATINGS = _HALVES.all() & _NUMBER.max().is_in(_TOPS)


def fits(ours: str, values: pl.Series) -> bool:
    """Whether values may be what a column of this name holds; True for none at all."""
    known = values.drop_nulls()
    if known.is_empty():
        return True
    if ours == Ratings.TIMESTAMP:
        times = read_times(known)
        numbers = len(known) - times.numbers.null_count()
        return numbers + times.evidence()[DATES] >= _SOME * len(known)
    if ours in (Ratings.RATING, Ratings.QUANTITY):
        read = Numbers.read(known).resolve()
        return len(known) - read.null_count() >= _SOME * len(known)
    return True


def _that_look(
    path: Path,
    names: Collection[str],
    form: TextForm = AS_FOUND,
    *,
    maybe: pl.Expr,
    test: Callable[[pl.Series], bool],
) -> list[str]:
    """The columns that pass a test, at most 12; most are left out at once by a quick one."""
    if not names:
        return []
    frame = sample(path, form)
    there = set(frame.columns)
    flat = frame.select(name for name in names if name in there)
    rows = flat.unpivot(variable_name=_NAME, value_name=_TEXT).cast(pl.String).drop_nulls(_TEXT)
    left = rows.group_by(_NAME).agg(maybe.alias("left")).filter("left")
    tried = {*left[_NAME], *(name for name in names if name not in there)}
    found = (name for name in names if name in tried and test(column(path, name, form)))
    return list(islice(found, _MOST_FOUND))


def look_like_times(values: pl.Series) -> bool:
    """Whether nearly all values are dates, or numbers that are times since 1990 in some unit."""
    known = values.drop_nulls().head(_DATES_TRIED)
    if known.is_empty():
        return False
    times = read_times(known)
    numbers = times.numbers.drop_nulls()
    units = ((numbers / per_ms).is_between(EARLIEST, _LATEST).sum() for per_ms in _PER_MS)
    evidence = times.evidence()
    return max(*units, evidence[COMPACT]) + evidence[DATES] >= _MOST * len(known)


def look_like_ratings(values: pl.Series) -> bool:
    """Whether nearly all values are whole or half points of 5 or 10, and the best one occurs."""
    known = values.drop_nulls()
    if len(known) < _FEWEST:
        return False
    numbers = Numbers.read(known).resolve().drop_nulls()
    if len(numbers) < _MOST * len(known) or numbers.n_unique() < 3:
        return False
    halves = (numbers * 2 == (numbers * 2).round()) & (numbers > 0)
    return bool(halves.all()) and numbers.max() in _TOPS


that_look_like_times = partial(_that_look, maybe=_MAY_BE_TIMES, test=look_like_times)
that_look_like_ratings = partial(_that_look, maybe=_MAY_BE_RATINGS, test=look_like_ratings)
