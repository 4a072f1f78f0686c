"""Numbers instead of ids: short to sort, to compare and to store."""

from __future__ import annotations

import numpy as np
import polars as pl

_PREFIX = 16  # bytes; ids that differ do so before that, as a rule
_WORD = 8


def numbered(column: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """The distinct ids, sorted, and for each value its position among them (int32).

    ``column`` (strings) has no nulls.
    """
    ids = column.unique().sort()
    table = ids.to_frame().with_row_index("position")
    joined = column.to_frame().join(table, on=ids.name, how="left", maintain_order="left")
    return ids, joined["position"].cast(pl.Int32).to_numpy()


def numbered_in_time(
    column: pl.Series, times: pl.Series
) -> tuple[pl.Series, np.ndarray, np.ndarray]:
    """Ids and positions as :func:`numbered` gives them, and the order by id, time and place.

    Where most values occur once or twice, as users do in reviews, sorting the first bytes of the
    ids as numbers is faster than to hash the ids twice, and the order comes with it.
    """
    distinct = column.to_frame().select(pl.all().approx_n_unique()).item()
    if 2 * distinct > len(column):
        order = _order([*_prefixes(column), times])
        in_order = column.gather(order)
        if in_order.is_sorted():
            ids, positions = _from_sorted(in_order, order)
            return ids, positions, order
    ids, positions = numbered(column)
    return ids, positions, _order([pl.Series(positions), times])


def _prefixes(column: pl.Series) -> list[pl.Series]:
    """The first bytes as numbers of the same order."""
    padded = (pl.col(column.name) + "\0" * _PREFIX).cast(pl.Binary)
    words = [
        padded.bin.slice(at, _WORD)
        .bin.reinterpret(dtype=pl.UInt64, endianness="big")
        .alias(f"{at}")
        for at in range(0, _PREFIX, _WORD)
    ]
    return column.to_frame().select(words).get_columns()


def _order(keys: list[pl.Series]) -> np.ndarray:
    """Places in the order of these keys, then of the places."""
    frame = pl.DataFrame([key.alias(str(number)) for number, key in enumerate(keys)])
    return frame.with_row_index("place").sort(*frame.columns, "place")["place"].to_numpy()


def _from_sorted(in_order: pl.Series, order: np.ndarray) -> tuple[pl.Series, np.ndarray]:
    first = (in_order != in_order.shift(1)).fill_null(True)
    positions = np.empty(len(order), dtype=np.int32)
    positions[order] = np.cumsum(first.to_numpy(), dtype=np.int32) - 1
    return in_order.filter(first), positions
