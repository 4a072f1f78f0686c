"""When a user rated an item several times, the last rating counts."""

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

_USER_ROW, _ITEM_ROW, _POSITION = "__user__", "__item__", "__position__"
# Of several ratings of one pair and time the highest is kept, then one of a verified purchase, then
# the one with most votes. Any rule would do that reads the contents and not the order of the lines.
_LAST = (Ratings.TIMESTAMP, Ratings.RATING, Ratings.VERIFIED, Ratings.HELPFUL)


@dataclass(frozen=True)
class LatestRatings:
    """One row per (user, item), ordered by user, by time, and within a moment by a hash.

    Parameters
    ----------
    frame: columns ``Ratings.ALL``.
    users, items: the ids, sorted; ``user_rows`` and ``item_rows`` (int32, one per row of the
        frame) are positions in them.
    repeated: bool, one per input row: it equals an earlier row in every column.
    n_superseded: number of earlier ratings of an item that the same user rated again.
    """

    frame: pl.DataFrame
    users: pl.Series
    items: pl.Series
    user_rows: np.ndarray
    item_rows: np.ndarray
    repeated: np.ndarray
    n_superseded: int


def latest_ratings(rows: pl.DataFrame) -> LatestRatings:
    """The last rating of each (user, item); of those with equal times, one chosen by its content.

    ``rows`` has the columns ``Ratings.ALL``. Their order changes nothing but ``repeated``.
    """
    users, user_rows, order = number_ids_in_time(rows[Ratings.USER], rows[Ratings.TIMESTAMP])
    items, item_rows = number_ids(rows[Ratings.ITEM])
    # Nearly every (user, item) occurs once, so only the others are compared.
    several = _several(user_rows, item_rows)
    contents = several.with_columns(rows.select(Ratings.ALL)[several[_POSITION]])
    distinct = contents.unique(Ratings.ALL, keep="first", maintain_order=True)
    last = distinct.sort(_LAST).unique([_USER_ROW, _ITEM_ROW], keep="last", maintain_order=True)
    kept = order[~_dropped(len(rows), several, last)[order]]
    times = rows[Ratings.TIMESTAMP].to_numpy()
    kept = kept[order_within_moments(user_rows[kept], item_rows[kept], times[kept])]
    return LatestRatings(
        frame=rows.select(Ratings.ALL)[kept],
        users=users,
        items=items,
        user_rows=user_rows[kept],
        item_rows=item_rows[kept],
        repeated=_dropped(len(rows), several, distinct),
        n_superseded=len(distinct) - len(last),
    )


def _several(user_rows: np.ndarray, item_rows: np.ndarray) -> pl.DataFrame:
    """Positions and ids of the rows whose (user, item) occurs more than once."""
    positions = np.flatnonzero(np.bincount(user_rows)[user_rows] > 1)
    pairs = {_USER_ROW: user_rows[positions], _ITEM_ROW: item_rows[positions]}
    frame = pl.DataFrame({_POSITION: positions.astype(np.uint32), **pairs})
    return frame.filter(pl.struct(_USER_ROW, _ITEM_ROW).is_duplicated())


def _dropped(n_rows: int, several: pl.DataFrame, kept: pl.DataFrame) -> np.ndarray:
    """bool, shape (n_rows,): whether a row is in ``several`` but not in ``kept``."""
    mask = np.zeros(n_rows, dtype=bool)
    mask[several[_POSITION].to_numpy()] = True
    mask[kept[_POSITION].to_numpy()] = False
    return mask
