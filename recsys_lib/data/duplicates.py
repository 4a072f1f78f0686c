"""Of several ratings that a user gave an item, the last one counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.numbering import numbered

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
    users, user_rows = numbered(rows[Ratings.USER])
    items, item_rows = numbered(rows[Ratings.ITEM])
    # Numbers only, as what is narrow is fast to sort and to filter.
    keys = pl.DataFrame(
        {_USER_ROW: user_rows, _ITEM_ROW: item_rows, Ratings.TIMESTAMP: rows[Ratings.TIMESTAMP]}
    ).with_row_index(_PLACE)
    # Nearly every (user, item) occurs once: only the others are worth a look.
    pair = pl.col(_USER_ROW).cast(pl.Int64) * len(items) + pl.col(_ITEM_ROW)
    several = keys.filter(pair.is_duplicated())
    contents = several.with_columns(rows.select(Ratings.ALL)[several[_PLACE]])
    distinct = contents.unique(Ratings.ALL, keep="first", maintain_order=True)
    last = distinct.sort(Ratings.TIMESTAMP, _PLACE).unique([_USER_ROW, _ITEM_ROW], keep="last")
    kept = keys.filter(~_dropped(len(rows), several, last))
    kept = kept.sort(_USER_ROW, Ratings.TIMESTAMP, _PLACE)
    return Latest(
        frame=_in_order(rows, kept, users, items),
        users=users,
        items=items,
        user_rows=kept[_USER_ROW].to_numpy(),
        item_rows=kept[_ITEM_ROW].to_numpy(),
        repeated=_dropped(len(rows), several, distinct),
        n_superseded=len(distinct) - len(last),
    )


def _in_order(
    rows: pl.DataFrame, kept: pl.DataFrame, users: pl.Series, items: pl.Series
) -> pl.DataFrame:
    """The rows that were kept; ids are taken from the short lists, which is faster."""
    ids = (Ratings.USER, Ratings.ITEM)
    values = rows.select(name for name in Ratings.ALL if name not in ids)[kept[_PLACE]]
    return values.with_columns(
        users.gather(kept[_USER_ROW]).alias(Ratings.USER),
        items.gather(kept[_ITEM_ROW]).alias(Ratings.ITEM),
    ).select(Ratings.ALL)


def _dropped(n_rows: int, several: pl.DataFrame, kept: pl.DataFrame) -> np.ndarray:
    """bool, shape (n_rows,): whether a row is in ``several`` but not in ``kept``."""
    mask = np.zeros(n_rows, dtype=bool)
    mask[several[_PLACE].to_numpy()] = True
    mask[kept[_PLACE].to_numpy()] = False
    return mask
