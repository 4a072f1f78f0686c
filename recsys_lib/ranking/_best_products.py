"""The k highest inner products of many vectors, exactly, without a product of every item.

Bounds are those of :mod:`recsys_lib.ranking._highest`. In every tile of items those with the
highest bounds are multiplied in full first, so that few others exceed the worst product of the
list, and a vector is done where falling norms say so.
"""

from __future__ import annotations

import numpy as np
import scipy

from recsys_lib.compiled import compiled
from recsys_lib.ranking._highest import FIRST, ROUNDING, HighestProduct, row_norms, with_rest
from recsys_lib.ranking._kernels import contains, dot, is_before, keep_best, put_in
from recsys_lib.ranking._top_k import NO_ITEM

_BLOCK = 64  # vectors
_TILE = 4096  # items: the bounds of a block take 1 MB
_RUN = 32  # bounds compared at once

Arrays = tuple[np.ndarray, ...]
Query = tuple[np.ndarray, np.float32, np.float32, np.ndarray]


def best_products(
    items: HighestProduct,
    item_vectors: np.ndarray,
    vectors: np.ndarray,
    seen: scipy.sparse.csr_matrix,
    k: int,
    tie_order: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The k items with the highest products with each vector, best first, and these products.

    Parameters
    ----------
    items
        ``item_vectors``, prepared.
    item_vectors
        float32, shape (items, d).
    vectors
        float32, shape (rows, d).
    seen
        Shape (rows, items): items with an entry are left out.
    k
        Length of the lists.
    tie_order
        Of equal products, int32, shape (items,).

    Returns
    -------
    int32 and float32, both of shape (rows, k); -1 and -infinity where fewer than k are left.
    """
    rotated = np.ascontiguousarray(vectors @ items.axes, dtype=np.float32)
    heads = with_rest(rotated, items.bounding.shape[1] - 1)
    rests, norms = row_norms(rotated[:, FIRST:]), row_norms(rotated)
    rounding = norms * np.float32(vectors.shape[1] * ROUNDING)
    cells = (seen.data, items.positions[seen.indices], seen.indptr)
    own = scipy.sparse.csr_matrix(cells, shape=seen.shape)
    own.sort_indices()
    order = np.ascontiguousarray(tie_order[items.order])
    first = np.argsort(order).astype(np.int32)
    found = np.full((len(vectors), k), NO_ITEM, dtype=np.int32)
    scores = np.full(found.shape, -np.inf, dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(vectors)))
        _search_block(
            (rotated, heads[rows], rests, rounding, norms, vectors),
            rows,
            (items.factors, items.bounding, items.rests, items.norms, item_vectors, items.order),
            (own.indptr, own.indices),
            (order, first),
            scores,
            found,
        )
    return np.where(found == NO_ITEM, NO_ITEM, items.order[found]), scores


@compiled
def products_at(
    vectors: np.ndarray,
    item_vectors: np.ndarray,
    row: np.ndarray,
    item: np.ndarray,
    products: np.ndarray,
) -> None:
    """Fill ``products``, (cells,), with those of some rows of ``vectors`` and some items."""
    for cell in range(len(row)):
        products[cell] = dot(vectors[row[cell]], item_vectors[item[cell]])


@compiled
def _search_block(
    queries: Arrays,
    open_rows: np.ndarray,
    items: Arrays,
    seen: Arrays,
    ties: Arrays,
    scores: np.ndarray,
    found: np.ndarray,
) -> None:
    """Fill ``scores`` and ``found``, positions, for ``open_rows``.

    ``queries`` are vectors in the principal axes, the bounding coordinates of ``open_rows``, rests,
    roundings, norms, and the vectors as they were given; ``items`` are vectors, bounding
    coordinates, rests, norms, the vectors as they were given, and the item at each position;
    ``ties`` the tie order of the positions and the positions in that order.
    """
    vectors, heads, rests, rounding, norms, given = queries
    k = found.shape[1]
    bounds = np.empty(len(open_rows) * _TILE, np.float32)
    highest = (np.empty(2 * k, np.float32), np.empty(2 * k, np.int32))
    for start in range(0, len(items[0]), _TILE):
        norm, left = items[3][start], 0
        for r in range(len(open_rows)):
            row = open_rows[r]
            if norms[row] == 0:
                own = seen[1][seen[0][row] : seen[0][row + 1]]
                _fill_with_zeros(ties[1], own, scores[row], found[row])
            elif (norms[row] + rounding[row]) * norm >= scores[row, -1]:
                open_rows[left], heads[left] = row, heads[r]
                left += 1
        if left == 0:
            break
        open_rows, heads = open_rows[:left], heads[:left]
        tile = items[1][start : start + _TILE]
        cells = bounds[: left * len(tile)].reshape(left, len(tile))
        np.dot(heads, tile.T, cells)
        for r in range(left):
            row = open_rows[r]
            own = seen[1][seen[0][row] : seen[0][row + 1]]
            query = (vectors[row], rests[row], rounding[row] * norm, given[row])
            list_ = (scores[row], found[row])
            _search_tile(cells[r], start, query, items, (own, ties[0]), highest, list_)


@compiled
def _search_tile(
    bounds: np.ndarray,
    start: int,
    query: Query,
    items: Arrays,
    rules: Arrays,
    highest: Arrays,
    list_: Arrays,
) -> None:
    """Multiply the items of the ``highest`` bounds, and then what may still be in the list.

    ``query`` is a vector in the principal axes, its rest, what rounding may add to a product, and
    the vector as it was given; ``rules`` are the positions to leave out and the tie order.
    """
    worst = list_[0]
    below = np.nextafter(worst[-1] - query[2], np.float32(-np.inf))  # a tie can win
    highest[0][:], highest[1][:] = below, -1
    keep_best(bounds, start, rules[0], rules[1], highest[0], highest[1])
    for position in highest[1]:
        if position >= 0:
            bounds[position - start] = -np.inf
            _try(position, query, items, rules, list_)
    if highest[1][-1] < 0:  # there were no more
        return
    for run in range(0, len(bounds), _RUN):
        stop = min(run + _RUN, len(bounds))
        above, limit = np.int32(0), worst[-1] - query[2]
        for c in range(run, stop):
            above += np.int32(bounds[c] >= limit)
        if above:
            for c in range(run, stop):
                if bounds[c] >= worst[-1] - query[2]:
                    _try(start + c, query, items, rules, list_)


@compiled
def _try(position: int, query: Query, items: Arrays, rules: Arrays, list_: Arrays) -> None:
    """Multiply one item, and put it into the list if it is good enough."""
    (vector, rest, margin, given), factors = query, items[0][position]
    scores, found = list_
    product = dot(vector[:FIRST], factors[:FIRST])
    # Most of an item need not be fetched from memory.
    if product + rest * items[2][position] < scores[-1] - margin:
        return
    product += dot(vector[FIRST:], factors[FIRST:])
    if product < scores[-1] - margin:
        return
    product = dot(given, items[4][items[5][position]])  # equal vectors have equal products
    if is_before(product, position, scores[-1], found[-1], rules[1]) and not contains(
        rules[0], position
    ):
        put_in(scores, found, product, position, rules[1])


@compiled
def _fill_with_zeros(
    first: np.ndarray, own: np.ndarray, scores: np.ndarray, found: np.ndarray
) -> None:
    """The list of a vector of zeros: all products are 0, so the tie order decides."""
    place = 0
    for position in first:
        if place == len(found):
            break
        if not contains(own, position):
            scores[place], found[place] = np.float32(0), position
            place += 1
