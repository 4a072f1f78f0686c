"""Lists of many queries at once with one item for all variants of a product."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recsys_lib.ranking import NO_ITEM

Lists = tuple[np.ndarray, np.ndarray]
"""Positions of items, int32, and scores, float32, both of shape (lists, n); -1 for no item."""
_DEEPER = 4


def one_of_each(
    best: Callable[[np.ndarray, int], Lists], n_lists: int, n: int, groups: np.ndarray | None
) -> Lists:
    """Lists of n items of which no two are variants of one product; the best one counts.

    Parameters
    ----------
    best: the n best items of some lists (numbers from 0, for any n); more begin with fewer.
    groups: number of the product of each item, shape (items,); None where there are no variants.
    """
    everything = np.arange(n_lists)
    items, scores = best(everything, n)
    if groups is None:
        return items, scores
    depth, most = n, len(groups)
    items, scores = first_of_groups(items, scores, groups, n)
    while depth < most:
        depth = min(_DEEPER * depth, most)
        short = np.flatnonzero(items[:, -1] == NO_ITEM)
        if not len(short):
            break
        items[short], scores[short] = first_of_groups(*best(short, depth), groups, n)
    return items, scores


def first_of_groups(items: np.ndarray, scores: np.ndarray, groups: np.ndarray, n: int) -> Lists:
    """The first n items of each row whose group has not come before in the row."""
    of_item = np.where(items == NO_ITEM, NO_ITEM, groups[items])
    order = np.argsort(of_item, axis=1, kind="stable")
    in_order = np.take_along_axis(of_item, order, axis=1)
    new = np.ones(items.shape, dtype=bool)
    new[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    first = np.empty_like(new)
    np.put_along_axis(first, order, new & (in_order != NO_ITEM), axis=1)
    place = first.cumsum(axis=1) - 1
    row, column = np.nonzero(first & (place < n))
    shape = (len(items), n)
    kept = np.full(shape, NO_ITEM, dtype=np.int32), np.zeros(shape, dtype=np.float32)
    for target, source in zip(kept, (items, scores), strict=True):
        target[row, place[row, column]] = source[row, column]
    return kept
