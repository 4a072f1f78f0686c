"""What the interactions before a time say of users and items, point-in-time correct.

A row at time t knows interactions strictly before t and nothing else, so that later ones change no
row that is there. It holds until the next row of the same user or item: only times with news since
the time before have a row, so there are at most as many of them as interactions. The first row of
each is from ``BEGIN``, without interactions: file stores of Feast leave out what is asked of a
user or item that has only later rows.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from recsys_lib.columns import Features, Products
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.units import DAY
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.ids import Ids
from recsys_lib.search.text import clean, values

TIME = pl.Datetime("ms", "UTC")
BEGIN = datetime(1900, 1, 1, tzinfo=UTC)
"""Before all interactions."""
_ENTITY, _AT, _CATEGORY, _LEAD = "entity", "at", "category_code", "lead"


def feature_times(interactions: Interactions, every: int) -> np.ndarray:
    """Times of the tables, int64 in milliseconds since 1970 UTC, ascending.

    They are the multiples of ``every`` days since 1970, whatever the data, and the first
    millisecond after the last interaction. ParameterError for less than a day; InputDataError for
    interactions without times.
    """
    if every < 1:
        raise ParameterError(f"--every must be at least 1 day, got {every}")
    if not interactions.has_times:
        raise InputDataError(
            "the interactions have no times, or only an order, so there are no features as of a "
            "time: name the column of times (etl.columns), then run the etl step again"
        )
    step, end = every * DAY, int(interactions.timestamp.max()) + 1
    first = (int(interactions.timestamp.min()) // step + 1) * step
    return np.append(np.arange(first, end, step, dtype=np.int64), end)


def item_categories(items: Ids, products: pl.DataFrame) -> pl.Series:
    """The category of each item, null where unknown: its most special one, else the main one.

    ``products`` has the columns ``Products.ALL``.
    """
    of_product = {
        product: _category(names, main)
        for product, names, main in products.select(
            Products.ITEM, Products.CATEGORIES, Products.MAIN_CATEGORY
        ).iter_rows()
    }
    found = [of_product.get(str(item)) for item in items.ids()]
    return pl.Series(Features.CATEGORY, found, dtype=pl.String)


def user_history(
    interactions: Interactions, categories: pl.Series, times: np.ndarray
) -> pl.DataFrame:
    """Columns ``Features.OF_USERS``, ordered by user, then time.

    Parameters
    ----------
    interactions: all of them; their times are in milliseconds.
    categories: of each item, as :func:`item_categories` has them. The favourite is the one with the
        most interactions, of equal ones the first by name.
    times: int64, ascending, shape (n,): when features are wanted, in milliseconds.
    """
    names = categories.drop_nulls().unique().sort()
    codes = categories.cast(pl.Enum(names)).to_physical().cast(pl.Int64)
    rows = _rows(interactions, interactions.user, times).with_columns(
        codes[interactions.item].alias(_CATEGORY)
    )
    # The highest (count so far, earliest name) until a time is that of the favourite.
    count = pl.int_range(1, pl.len() + 1).over(_ENTITY, _CATEGORY)
    rows = rows.sort(_ENTITY, Features.LAST).with_columns(
        (count * len(names) + (len(names) - 1 - pl.col(_CATEGORY))).alias(_LEAD)
    )
    lead = pl.col(_LEAD).cum_max().forward_fill().over(_ENTITY)
    known = _cumulated(rows, interactions.users, Features.USER, times, lead.alias(_LEAD))
    place = len(names) - 1 - known[_LEAD] % max(len(names), 1)
    favourite = names.gather(place).alias(Features.FAVOURITE)
    return known.with_columns(favourite).select(Features.OF_USERS)


def item_history(
    interactions: Interactions, categories: pl.Series, times: np.ndarray
) -> pl.DataFrame:
    """Columns ``Features.OF_ITEMS``, ordered by item, then time; see :func:`user_history`."""
    rows = _rows(interactions, interactions.item, times).sort(_ENTITY, Features.LAST)
    known = _cumulated(rows, interactions.items, Features.ITEM, times)
    return known.with_columns(categories.gather(known[_ENTITY]).alias(Features.CATEGORY)).select(
        Features.OF_ITEMS
    )


def _rows(interactions: Interactions, entity: np.ndarray, times: np.ndarray) -> pl.DataFrame:
    """One row per interaction, with the number of the first time that knows it."""
    return pl.DataFrame(
        {
            _ENTITY: entity,
            _AT: np.searchsorted(times, interactions.timestamp, side="right"),
            Features.LAST: interactions.timestamp,
            Features.MEAN_RATING: interactions.rating.astype(np.float64),
            Features.N_TAKEN: interactions.count.astype(np.int64),
        }
    )


def _cumulated(
    rows: pl.DataFrame, ids: Ids, name: str, times: np.ndarray, *more: pl.Expr
) -> pl.DataFrame:
    """Sums until ``BEGIN`` and each time with news, from rows in the order of entity, then time."""
    n = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(_ENTITY)
    total = pl.col(Features.MEAN_RATING).cum_sum().over(_ENTITY)
    known = (
        rows.with_columns(
            n.alias(Features.N_INTERACTIONS),
            pl.col(Features.N_TAKEN).cum_sum().over(_ENTITY),
            (total / n).alias(Features.MEAN_RATING),
            *more,
        )
        .filter(pl.col(_AT) < len(times))
        .group_by(_ENTITY, _AT, maintain_order=True)
        .last()
    )
    known = known.with_columns(
        pl.Series(Features.TIME, times[known[_AT]]).cast(TIME), pl.col(Features.LAST).cast(TIME)
    )
    nothing = known.clear(len(ids)).with_columns(
        pl.arange(len(ids), eager=True).cast(known.schema[_ENTITY]).alias(_ENTITY),
        pl.lit(BEGIN).cast(TIME).alias(Features.TIME),
        pl.lit(0, pl.Int64).alias(Features.N_INTERACTIONS),
        pl.lit(0, pl.Int64).alias(Features.N_TAKEN),
    )
    known = pl.concat([nothing, known]).sort(_ENTITY, Features.TIME)
    return known.with_columns(ids.series().gather(known[_ENTITY]).alias(name))


def _category(names: str | None, main: str | None) -> str | None:
    """The last name of a list from wide to special, else the main category."""
    for text in (*reversed([*values(names)]), main):
        if name := clean(text or ""):
            return name
    return None
