"""Of several ratings that a user gave an item, the last one counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.numbering import numbered, numbered_in_time

_USER_ROW, _ITEM_ROW, _PLACE = "__user__", "__item__", "__place__"


@dataclass(frozen=True)
class Latest:
    """One row per (user, item), in the order of user, then time.

    Parameters
    ----------
    frame: columns ``Ratings.ALL``.
    users, items: the ids, sorted; ``user_rows`` and ``item_rows`` (int32, one for each row of
        the frame) are positions in them.
    repeated: bool, one for each row that came in: it equals an earlier one in all but its place.
    n_superseded: earlier ratings of a product that the same user rated again.
    """

    frame: pl.DataFrame
    users: pl.Series
    items: pl.Series
    user_rows: np.ndarray
    item_rows: np.ndarray
    repeated: np.ndarray
    n_superseded: int


def latest(rows: pl.DataFrame) -> Latest:
    """The last rating for each (user, item): by time, then by place.

    ``rows`` have the columns ``Ratings.ALL`` and are in the order of their places.
    """
    users, user_rows, order = numbered_in_time(rows[Ratings.USER], rows[Ratings.TIMESTAMP])
    items, item_rows = numbered(rows[Ratings.ITEM])
    # Nearly every (user, item) occurs once: only the others are worth a look.
    several = _several(user_rows, item_rows)
    contents = several.with_columns(rows.select(Ratings.ALL)[several[_PLACE]])
    distinct = contents.unique(Ratings.ALL, keep="first", maintain_order=True)
    last = distinct.sort(Ratings.TIMESTAMP, _PLACE).unique([_USER_ROW, _ITEM_ROW], keep="last")
    kept = order[~_dropped(len(rows), several, last)[order]]
    return Latest(
        frame=rows.select(Ratings.ALL)[kept],
        users=users,
        items=items,
        user_rows=user_rows[kept],
        item_rows=item_rows[kept],
        repeated=_dropped(len(rows), several, distinct),
        n_superseded=len(distinct) - len(last),
    )


def _several(user_rows: np.ndarray, item_rows: np.ndarray) -> pl.DataFrame:
    """Places whose (user, item) occurs more than once, and their rows."""
    places = np.flatnonzero(np.bincount(user_rows)[user_rows] > 1)
    pairs = {_USER_ROW: user_rows[places], _ITEM_ROW: item_rows[places]}
    frame = pl.DataFrame({_PLACE: places.astype(np.uint32), **pairs})
    return frame.filter(pl.struct(_USER_ROW, _ITEM_ROW).is_duplicated())


def _dropped(n_rows: int, several: pl.DataFrame, kept: pl.DataFrame) -> np.ndarray:
    """bool, shape (n_rows,): whether a row is in ``several`` but not in ``kept``."""
    mask = np.zeros(n_rows, dtype=bool)
    mask[several[_PLACE].to_numpy()] = True
    mask[kept[_PLACE].to_numpy()] = False
    return mask
