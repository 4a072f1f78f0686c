"""One row per user and item: the last rating counts, repeats and kinds of events are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.ordering import (
    number_ids,
    number_ids_in_time,
    order_within_moments,
)
from recsys_lib.errors import InputDataError

MOST_EVENT_TYPES = 32
MOST = int(np.iinfo(np.int32).max)
"""The largest count."""
_USER_ROW, _ITEM_ROW, _POSITION = "__user__", "__item__", "__position__"
_COUNT, _BITS = "__count__", "__bits__"
_PAIR = (_USER_ROW, _ITEM_ROW)
_MAY_BE_MISSING = (Ratings.RATING, Ratings.VERIFIED, Ratings.HELPFUL)
# Of several ratings of one pair and time the highest is kept, then one of a verified purchase, then
# the one with most votes. Any rule would do that reads the contents and not the order of the lines.
_LAST = (Ratings.TIMESTAMP, *_MAY_BE_MISSING)
_SHOWN = 5


@dataclass(frozen=True)
class LatestRatings:
    """One row per (user, item), ordered by user, by time, and within a moment by a hash.

    Parameters
    ----------
    frame: columns ``Ratings.ALL``; of each the last value that is not missing.
    users, items: the ids, sorted; ``user_rows`` and ``item_rows`` (int32, one per row of the
        frame) are positions in them.
    count: int32, one per row: sum of the quantities, or else the number of different times.
    events: uint32, one per row: bit i is set when an event of type i occurred.
    event_types: their names, sorted; () when the files have no events.
    repeated: bool, one per input row: it equals an earlier row in every column.
    n_superseded: number of earlier ratings of an item that the same user rated again.
    n_capped: number of rows with a quantity of more than ``MOST``, which is their count.
    """

    frame: pl.DataFrame
    users: pl.Series
    items: pl.Series
    user_rows: np.ndarray
    item_rows: np.ndarray
    count: np.ndarray
    events: np.ndarray
    event_types: tuple[str, ...]
    repeated: np.ndarray
    n_superseded: int
    n_capped: int = 0


def latest_ratings(rows: pl.DataFrame) -> LatestRatings:
    """The last rating of each (user, item); of those with equal times, one chosen by its content.

    ``rows`` has the columns ``Ratings.ALL``, and those of ``Ratings.OPTIONAL`` that the files have.
    Their order changes nothing but ``repeated``. Raises InputDataError for too many event types.
    """
    users, user_rows, order = number_ids_in_time(rows[Ratings.USER], rows[Ratings.TIMESTAMP])
    items, item_rows = number_ids(rows[Ratings.ITEM])
    event_types, bits = _event_bits(rows)
    # Nearly every (user, item) occurs once, so only the others are compared.
    several = _several(user_rows, item_rows)
    contents = several.with_columns(rows[several[_POSITION]])
    distinct = contents.unique(rows.columns, keep="first", maintain_order=True)
    merged = _merged(distinct.with_columns(pl.Series(_BITS, bits[distinct[_POSITION]])))
    at = merged[_POSITION].to_numpy()
    count = _quantities(rows).to_numpy(writable=True)
    count[at], bits[at] = merged[_COUNT].to_numpy(), merged[_BITS].to_numpy()
    kept = order[~_dropped(len(rows), several, merged)[order]]
    times = rows[Ratings.TIMESTAMP].to_numpy()
    kept = kept[order_within_moments(user_rows[kept], item_rows[kept], times[kept])]
    return LatestRatings(
        frame=_completed(rows.select(Ratings.ALL), merged)[kept],
        users=users,
        items=items,
        user_rows=user_rows[kept],
        item_rows=item_rows[kept],
        count=_counts(count[kept]),
        events=bits[kept],
        event_types=event_types,
        repeated=_dropped(len(rows), several, distinct),
        n_superseded=len(distinct) - len(merged),
        n_capped=int((count[kept] > MOST).sum()),
    )


def _several(user_rows: np.ndarray, item_rows: np.ndarray) -> pl.DataFrame:
    """Positions and ids of the rows whose (user, item) occurs more than once."""
    positions = np.flatnonzero(np.bincount(user_rows)[user_rows] > 1)
    pairs = {_USER_ROW: user_rows[positions], _ITEM_ROW: item_rows[positions]}
    frame = pl.DataFrame({_POSITION: positions.astype(np.uint32), **pairs})
    return frame.filter(pl.struct(_PAIR).is_duplicated())


def _merged(distinct: pl.DataFrame) -> pl.DataFrame:
    """One row per pair: position of its last row, last values, count and bits of the events."""
    if Ratings.QUANTITY in distinct.columns:
        count = _quantity().sum()
    else:
        count = pl.col(Ratings.TIMESTAMP).n_unique().cast(pl.Float64)
    return (
        distinct.sort(_LAST)
        .group_by(_PAIR)
        .agg(
            pl.col(_POSITION).last(),
            pl.col(_MAY_BE_MISSING).last(ignore_nulls=True),
            count.alias(_COUNT),
            pl.col(_BITS).bitwise_or(),
        )
    )


def _completed(rows: pl.DataFrame, merged: pl.DataFrame) -> pl.DataFrame:
    """The rows, where the last row of a pair has earlier values for what it lacks."""
    missing = [name for name in _MAY_BE_MISSING if rows[name].null_count()]
    filled = (rows[name].clone().scatter(merged[_POSITION], merged[name]) for name in missing)
    return rows.with_columns(filled) if len(merged) else rows


def _quantity() -> pl.Expr:
    """An event without a quantity, like a view, adds none."""
    return pl.col(Ratings.QUANTITY).fill_null(0.0)


def _quantities(rows: pl.DataFrame) -> pl.Series:
    if Ratings.QUANTITY in rows.columns:
        return rows.select(_quantity()).to_series()
    return pl.repeat(1.0, len(rows), eager=True)


def _counts(quantities: np.ndarray) -> np.ndarray:
    """Rounded, at least 1, int32."""
    return quantities.round().clip(1, MOST).astype(np.int32)


def _event_bits(rows: pl.DataFrame) -> tuple[tuple[str, ...], np.ndarray]:
    """The types of events, sorted, and for each row the bit of its own (uint32)."""
    if Ratings.EVENT not in rows.columns:
        return (), np.zeros(len(rows), dtype=np.uint32)
    types, codes = number_ids(rows[Ratings.EVENT])
    if len(types) > MOST_EVENT_TYPES:
        raise InputDataError(
            f"there are {len(types):,} types of events, such as {', '.join(types[:_SHOWN])}, but "
            f"at most {MOST_EVENT_TYPES} can be told apart: set etl.columns to {{{Ratings.EVENT}: "
            f"NAME}}, the column of the types, or to {{{Ratings.EVENT}: ''}}, which ignores them"
        )
    return tuple(types), np.left_shift(np.uint32(1), codes.astype(np.uint32))


def _dropped(n_rows: int, several: pl.DataFrame, kept: pl.DataFrame) -> np.ndarray:
    """bool, shape (n_rows,): whether a row is in ``several`` but not in ``kept``."""
    mask = np.zeros(n_rows, dtype=bool)
    mask[several[_POSITION].to_numpy()] = True
    mask[kept[_POSITION].to_numpy()] = False
    return mask
