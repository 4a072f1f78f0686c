"""The highest inner product of many vectors, exactly, where norms say little: as with texts.

All vectors of texts have the length 1, so that falling norms end no search. But most of what
distinguishes them lies in few directions. In the principal axes of the items a product is that of
the first coordinates, the *head*, plus that of the rest, which by Cauchy and Schwarz is at most
the product of the lengths of the two rests. With these lengths as one more coordinate a short
matrix product gives a bound for every item, and few items exceed what was already found: only they
are multiplied in full.

Reference: Li, Chan, Yiu, Mamoulis, "FEXIPRO: Fast and Exact Inner Product Retrieval in Recommender
Systems" (2017), section 4, for the transformation and the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from recsys_lib.compiled import compiled
from recsys_lib.ranking._kernels import dot
from recsys_lib.ranking._top_k import NO_ITEM

_BLOCK = 512  # vectors
_TILE = 128  # items: the bounds of a block take 256 kB, and the items 200 kB
_RUN = 32  # bounds compared at once
FIRST = 128  # coordinates after which a product is looked at again
ROUNDING = 2.0**-22  # relative, of each of the products in a sum of float32
_SAMPLE = 64  # vectors that the head is chosen with
_SAMPLE_ITEMS = 8192
_HEADS = (15, 31, 47, 63, 95, 127)  # with the rest these are whole registers
_FULL_PRODUCT = 16  # a product alone takes so many times its part of a matrix product


@dataclass(frozen=True)
class HighestProduct:
    """Items in order of falling norm and in their principal axes.

    Parameters
    ----------
    factors: float32, shape (items, factors).
    bounding: float32, shape (items, head + 1): the head, and the length of the rest.
    rests: float32, shape (items,): lengths after the first coordinates.
    norms: lengths of ``factors``.
    axes: float32, shape (factors, factors): an axis in each column.
    order: int32, shape (items,): the item at each position; ``positions`` is its inverse.
    """

    factors: np.ndarray
    bounding: np.ndarray
    rests: np.ndarray
    norms: np.ndarray
    axes: np.ndarray
    order: np.ndarray
    positions: np.ndarray

    @classmethod
    def from_factors(cls, item_factors: np.ndarray, k: int = 1) -> HighestProduct:
        """Prepare, once for a model; ``item_factors`` is float32 (items, factors).

        The head is as long as is best for finding the ``k`` highest products.
        """
        norms = np.linalg.norm(item_factors, axis=1)
        order = np.argsort(-norms, kind="stable").astype(np.int32)
        positions = np.empty_like(order)
        positions[order] = np.arange(len(order), dtype=np.int32)
        _, axes = np.linalg.eigh((item_factors.T @ item_factors).astype(np.float64))
        axes = np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)
        factors = item_factors[order] @ axes
        bounding = with_rest(factors, _head(factors, k))
        rests = row_norms(factors[:, FIRST:])
        return cls(factors, bounding, rests, norms[order], axes, order, positions)

    def of(
        self, vectors: np.ndarray, seen: scipy.sparse.csr_matrix, guesses: np.ndarray | None = None
    ) -> np.ndarray:
        """The item with the highest product of each vector, int32 (rows,).

        ``vectors`` is float32 (rows, factors). Items with an entry in the row of ``seen``,
        (rows, items), do not count, nor do products of 0 or less; -1 where nothing is left.
        ``guesses``, int32 (rows,), are items whose product is high, or -1: they save time.
        """
        vectors = np.ascontiguousarray(vectors @ self.axes, dtype=np.float32)
        bounding = with_rest(vectors, self.bounding.shape[1] - 1)
        rests = row_norms(vectors[:, FIRST:])
        # What rounding may add to a computed product of an item of length 1, twice: the bound is
        # computed, too.
        rounding = np.linalg.norm(vectors, axis=1) * np.float32(vectors.shape[1] * ROUNDING)
        cells = (seen.data, self.positions[seen.indices], seen.indptr)
        own = scipy.sparse.csr_matrix(cells, shape=seen.shape)
        own.sort_indices()
        found = np.full(len(vectors), NO_ITEM, dtype=np.int32)
        if guesses is not None:
            known = guesses != NO_ITEM
            found[known] = self.positions[guesses[known]]
        for start in range(0, len(vectors), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows = np.arange(start, min(part.stop, len(vectors)))
            _search_block(
                (vectors, bounding[part].copy(), rests, rounding),
                rows,
                (self.factors, self.bounding, self.rests, self.norms),
                (own.indptr, own.indices),
                found,
            )
        return np.where(found == NO_ITEM, NO_ITEM, self.order[found])


def with_rest(vectors: np.ndarray, head: int) -> np.ndarray:
    """The head, and the length of the rest: shape (rows, head + 1)."""
    return np.column_stack((vectors[:, :head], row_norms(vectors[:, head:])))


def row_norms(vectors: np.ndarray) -> np.ndarray:
    """Lengths of the rows, float32."""
    return np.asarray(np.sqrt(np.einsum("vf,vf->v", vectors, vectors)), dtype=np.float32)


def _head(factors: np.ndarray, k: int) -> int:
    """The length of the head with the least work, by some items that look for their k nearest."""
    width = factors.shape[1]
    some = np.linspace(0, len(factors) - 1, min(_SAMPLE, len(factors)), dtype=np.int64)
    products = factors[some] @ factors.T
    products[np.arange(len(some)), some] = -np.inf
    place = max(products.shape[1] - k, 0)
    highest = np.partition(products, place, axis=1)[:, place, None]
    others = factors[:: max(1, len(factors) // _SAMPLE_ITEMS)]
    looked_at = float((np.outer(row_norms(factors[some]), row_norms(others)) >= highest).mean())

    def work(head: int) -> float:
        bounds = with_rest(factors[some], head) @ with_rest(others, head).T
        found = float((bounds > highest).mean()) if head < width else 0
        return (head + 1) * looked_at + _FULL_PRODUCT * width * found

    return min((head for head in (*_HEADS, width) if head <= width), key=work)


@compiled
def _search_block(queries, open_rows, items, seen, found):
    """Fill ``found``, positions, for ``open_rows``; these have the rows of ``queries[1]``.

    ``queries`` are vectors, their bounding coordinates, rests and roundings; ``items`` likewise,
    with norms at the end.
    """
    vectors, bounding, rests, rounding = queries
    highest = np.zeros(len(open_rows), np.float32)
    length = np.empty(len(open_rows), np.float32)
    for r in range(len(open_rows)):
        row = open_rows[r]
        length[r] = np.sqrt(dot(vectors[row], vectors[row]))
        guess, found[row] = found[row], -1
        if guess >= 0:
            own = seen[1][seen[0][row] : seen[0][row + 1]]
            query = (vectors[row], rests[row], rounding[row] * items[3][0])
            highest[r] = _try(guess, query, items, own, highest[r], found, row)
    bounds = np.empty(len(open_rows) * _TILE, np.float32)
    for start in range(0, len(items[0]), _TILE):
        norm, left = items[3][start], 0
        for r in range(len(open_rows)):
            if (length[r] + rounding[open_rows[r]]) * norm > highest[r]:
                open_rows[left], bounding[left] = open_rows[r], bounding[r]
                highest[left], length[left] = highest[r], length[r]
                left += 1
        if left == 0:
            break
        open_rows, bounding = open_rows[:left], bounding[:left]
        tile = items[1][start : start + _TILE]
        cells = bounds[: left * len(tile)].reshape(left, len(tile))
        np.dot(bounding, tile.T, cells)
        for r in range(left):
            row = open_rows[r]
            margin = rounding[row] * norm
            if _any_above(cells[r], highest[r] - margin):
                own = seen[1][seen[0][row] : seen[0][row + 1]]
                query = (vectors[row], rests[row], margin)
                highest[r] = _search_tile(
                    cells[r], start, query, items, own, highest[r], found, row
                )


@compiled
def _any_above(bounds, limit):
    """Whether any is; without a branch for each, which is vectorized."""
    above = np.int32(0)
    for bound in bounds:
        above += np.int32(bound > limit)
    return above > 0


@compiled
def _search_tile(bounds, start, query, items, own, highest, found, row):
    """Multiply what may be higher than the highest product so far, which is returned.

    ``query`` is a vector, its rest, and what rounding may add to a product.
    """
    for run in range(0, len(bounds), _RUN):
        if _any_above(bounds[run : run + _RUN], highest - query[2]):
            for c in range(run, min(run + _RUN, len(bounds))):
                if bounds[c] > highest - query[2]:
                    highest = _try(start + c, query, items, own, highest, found, row)
    return highest


@compiled
def _try(position, query, items, own, highest, found, row):
    """Multiply one item; returns the highest product, and keeps its item in ``found``."""
    (vector, rest, margin), factors = query, items[0][position]
    product = dot(vector[:FIRST], factors[:FIRST])
    # Most of an item need not be fetched from memory.
    if product + rest * items[2][position] <= highest - margin:
        return highest
    product += dot(vector[FIRST:], factors[FIRST:])
    if product > highest:
        n = np.searchsorted(own, position)
        if n == len(own) or own[n] != position:
            found[row] = position
            return product
    return highest
