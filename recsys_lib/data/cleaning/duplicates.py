"""When a user rated an item several times, the last rating counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings

_USER_ROW, _ITEM_ROW, _POSITION = "__user__", "__item__", "__position__"
_PREFIX = 16  # bytes; most ids differ within them
_WORD = 8


@dataclass(frozen=True)
class LatestRatings:
    """One row per (user, item), ordered by user, then by time.

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
    """The last rating of each (user, item); of ratings with equal times, the one further down.

    ``rows`` has the columns ``Ratings.ALL``, in the order of the input.
    """
    users, user_rows, order = number_ids_in_time(rows[Ratings.USER], rows[Ratings.TIMESTAMP])
    items, item_rows = number_ids(rows[Ratings.ITEM])
    # Nearly every (user, item) occurs once, so only the others are compared.
    several = _several(user_rows, item_rows)
    contents = several.with_columns(rows.select(Ratings.ALL)[several[_POSITION]])
    distinct = contents.unique(Ratings.ALL, keep="first", maintain_order=True)
    last = distinct.sort(Ratings.TIMESTAMP, _POSITION).unique([_USER_ROW, _ITEM_ROW], keep="last")
    kept = order[~_dropped(len(rows), several, last)[order]]
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


def number_ids(column: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """The distinct ids, sorted, and the position of each value among them (int32).

    ``column`` (strings) has no nulls.
    """
    ids = column.unique().sort()
    table = ids.to_frame().with_row_index("position")
    joined = column.to_frame().join(table, on=ids.name, how="left", maintain_order="left")
    return ids, joined["position"].cast(pl.Int32).to_numpy()


def number_ids_in_time(
    column: pl.Series, times: pl.Series
) -> tuple[pl.Series, np.ndarray, np.ndarray]:
    """Ids and positions as from :func:`number_ids`, and the row order by id, time and position.

    Where most ids occur once or twice, like users in reviews, sorting their first bytes as numbers
    is faster than hashing the ids twice, and yields the order as well.
    """
    distinct = column.to_frame().select(pl.all().approx_n_unique()).item()
    if 2 * distinct > len(column):
        order = _order([*_prefixes(column), times])
        in_order = column.gather(order)
        # Ids that share their first bytes may come out unsorted: then take the slower way.
        if in_order.is_sorted():
            ids, positions = _from_sorted(in_order, order)
            return ids, positions, order
    ids, positions = number_ids(column)
    return ids, positions, _order([pl.Series(positions), times])


def _prefixes(column: pl.Series) -> list[pl.Series]:
    """The first bytes of each id as numbers that sort like the ids."""
    padded = (pl.col(column.name) + "\0" * _PREFIX).cast(pl.Binary)
    words = [
        padded.bin.slice(at, _WORD)
        .bin.reinterpret(dtype=pl.UInt64, endianness="big")
        .alias(f"{at}")
        for at in range(0, _PREFIX, _WORD)
    ]
    return column.to_frame().select(words).get_columns()


def _order(keys: list[pl.Series]) -> np.ndarray:
    """Row positions, sorted by these keys, then by position."""
    frame = pl.DataFrame([key.alias(str(number)) for number, key in enumerate(keys)])
    return frame.with_row_index("position").sort(*frame.columns, "position")["position"].to_numpy()


def _from_sorted(in_order: pl.Series, order: np.ndarray) -> tuple[pl.Series, np.ndarray]:
    first = (in_order != in_order.shift(1)).fill_null(True)
    positions = np.empty(len(order), dtype=np.int32)
    positions[order] = np.cumsum(first.to_numpy(), dtype=np.int32) - 1
    return in_order.filter(first), positions
