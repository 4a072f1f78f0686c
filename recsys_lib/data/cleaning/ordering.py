"""One order of the rows, however the lines stand: by user, by time, and by a hash within a moment.

Within one moment nothing says what came first. The order of the lines would be taken for a fact, as
published files often list the items of a day by ascending id.
"""

from __future__ import annotations

import numpy as np
import polars as pl

_PREFIX = 16  # bytes; most ids differ within them
_WORD = 8
_SEED = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)


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


def order_within_moments(
    user_rows: np.ndarray, item_rows: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Row positions by user, time and a hash of (user, item), for rows by user and time.

    No (user, item) occurs twice.
    """
    order = np.arange(len(times))
    follows = (user_rows[1:] == user_rows[:-1]) & (times[1:] == times[:-1])
    tied = np.append(follows, False) | np.append(False, follows)
    places = np.flatnonzero(tied)
    if len(places):
        moments = np.cumsum(~np.append(False, follows))[places]
        keys = {"moment": moments, "hash": pair_hash(user_rows[places], item_rows[places])}
        ranked = pl.DataFrame({**keys, "place": places}).sort("moment", "hash")
        order[places] = ranked["place"].to_numpy()
    return order


def pair_hash(user_rows: np.ndarray, item_rows: np.ndarray) -> np.ndarray:
    """A number for each (user, item) that is different for each pair and follows no order, uint64.

    It depends on the user, so that two items of one moment do not come in the same order for
    everybody. Reference: Steele, Lea, Flood (2014), the finalizer of SplitMix64.
    """
    mixed = user_rows.astype(np.uint64) << np.uint64(32) | item_rows.astype(np.uint64)
    mixed = (mixed + np.uint64(1)) * _SEED
    for shift, factor in _MIXERS:
        mixed = (mixed ^ mixed >> shift) * factor
    return mixed ^ mixed >> np.uint64(31)


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
