"""Exact top-k by inner product for many vectors, without looking at every item.

Items are taken in order of falling norm. By Cauchy and Schwarz no item from a position on scores
more than its norm times that of the vector. A vector whose worst kept score reaches this bound is
done: exactly, and early, because the norms of items fall steeply. The vectors that are left are
multiplied by a tile of items, whose scores are compared while they are in the CPU's cache.

Reference: Teflioudi, Gemulla, Mykytiuk, "LEMP: Fast Retrieval of Large Entries in a Matrix Product"
(2015), section 4.1, for the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from recsys_lib.compiled import Workers, blocks, compiled
from recsys_lib.ranking._kernels import keep_best
from recsys_lib.ranking._top_k import NO_ITEM

_BLOCK = 256  # vectors
_TILE = 512  # items: the scores of a block take 512 kB
_ROUNDING = 2.0**-23  # relative, of each of the products in a sum of float32


@dataclass(frozen=True)
class MaximumInnerProduct:
    """Items in order of falling norm, to be searched with many vectors.

    Parameters
    ----------
    factors: float32, shape (items, factors), in that order; ``norms`` are their lengths.
    order: int32, shape (items,): the item at each position; ``positions`` is its inverse.
    """

    factors: np.ndarray
    norms: np.ndarray
    order: np.ndarray
    positions: np.ndarray

    @classmethod
    def from_factors(cls, item_factors: np.ndarray) -> MaximumInnerProduct:
        """Prepare, once for a model; ``item_factors`` is float32 (items, factors)."""
        norms = np.linalg.norm(item_factors, axis=1)
        order = np.argsort(-norms, kind="stable").astype(np.int32)
        positions = np.empty_like(order)
        positions[order] = np.arange(len(order), dtype=np.int32)
        return cls(np.ascontiguousarray(item_factors[order]), norms[order], order, positions)

    def best(
        self, vectors: np.ndarray, seen: scipy.sparse.csr_matrix, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The n items with the highest products, best first, without those in the row of ``seen``.

        ``vectors`` is float32 (rows, factors), ``seen`` has the shape (rows, items). Returns items,
        int32, and scores, float32, both of shape (rows, n); where fewer than n items are left
        the rest is -1 and -infinity. The tie order is that of falling norm, then item number.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        positions = np.full((len(vectors), n), NO_ITEM, dtype=np.int32)
        scores = np.full((len(vectors), n), -np.inf, dtype=np.float32)
        # A computed product may exceed the true one by its rounding: so does the bound.
        bounds = np.linalg.norm(vectors, axis=1) * np.float32(1 + vectors.shape[1] * _ROUNDING)
        cells = (seen.data, self.positions[seen.indices], seen.indptr)
        seen_positions = scipy.sparse.csr_matrix(cells, shape=seen.shape)
        seen_positions.sort_indices()
        shared = (
            (self.factors, self.norms, np.arange(len(self.order), dtype=np.int32)),
            (seen_positions.indptr.astype(np.int64), seen_positions.indices),
            (positions, scores),
        )
        with Workers.started() as workers:
            workers.each(
                _search_block,
                (
                    (vectors[part].copy(), np.arange(part.start, part.stop), bounds, *shared)
                    for part in blocks(len(vectors), _BLOCK)
                ),
            )
        return np.where(positions == NO_ITEM, NO_ITEM, self.order[positions]), scores


@compiled
def _search_block(vectors, open_rows, bounds, items, seen, best):
    """Fill ``best``, positions and scores of (rows, n), for ``open_rows``; these have ``vectors``.

    ``items`` are factors, norms and tie order.
    """
    scores = np.empty(len(vectors) * _TILE, np.float32)
    for start in range(0, len(items[0]), _TILE):
        left = _keep_open(open_rows, vectors, bounds, items[1][start], best[1])
        if left == 0:
            break
        open_rows, vectors = open_rows[:left], vectors[:left]
        tile = items[0][start : start + _TILE]
        cells = scores[: left * len(tile)].reshape(left, len(tile))
        np.dot(vectors, tile.T, cells)
        for r in range(left):
            row = open_rows[r]
            own = seen[1][seen[0][row] : seen[0][row + 1]]
            keep_best(cells[r], start, own, items[2], best[1][row], best[0][row])


@compiled
def _keep_open(open_rows, vectors, bounds, norm, scores):
    """Move rows that an item of this norm may still enter to the front; return their number."""
    left = 0
    for r in range(len(open_rows)):
        row = open_rows[r]
        # At equality a tie is possible, but later items are last in the tie order.
        if bounds[row] * norm > scores[row, -1]:
            open_rows[left] = row
            vectors[left] = vectors[r]
            left += 1
    return left
