"""The best items for many vectors: products in tiles, and what cannot be among the best is skipped.

Items are taken in the order of falling norm. By Cauchy and Schwarz no item from a place on scores
more than the norm of the item there times that of the vector, so a vector whose worst kept score is
as high is done: exactly, and early, because the norms of items fall steeply. The rest of a block
is multiplied by a tile of items, whose scores are looked through while they are in the cache.
Sources: Hu, Koren, Volinsky 2008 for the scores; Teflioudi, Gemulla, Mykytiuk, "LEMP: Fast
Retrieval of Large Entries in a Matrix Product" (2015), section 4.1, for the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.compiled import compiled
from recsys_lib.ranking.top_k import NO_ITEM
from recsys_lib.workers import Workers, blocks

_BLOCK = 256  # vectors
_TILE = 512  # items: the scores of a block are 512 kB
_RUN = 32  # scores that are compared at once
_ROUNDING = 2.0**-23  # of a product in float32, relative, for each factor


@dataclass(frozen=True)
class Ranker:
    """Items in the order of falling norm.

    Parameters
    ----------
    factors: float32, shape (items, factors), in that order; ``norms`` are their lengths.
    order: int32, shape (items,): which item is at a place; ``places`` says it the other way round.
    """

    factors: np.ndarray
    norms: np.ndarray
    order: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, item_factors: np.ndarray) -> Ranker:
        """Prepare, once for a model; ``item_factors`` is float32 (items, factors)."""
        norms = np.linalg.norm(item_factors, axis=1)
        order = np.argsort(-norms, kind="stable").astype(np.int32)
        places = np.empty_like(order)
        places[order] = np.arange(len(order), dtype=np.int32)
        return cls(np.ascontiguousarray(item_factors[order]), norms[order], order, places)

    def best(
        self, vectors: np.ndarray, seen: sparse.csr_matrix, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The n items with the highest products, best first, without those in the row of ``seen``.

        ``vectors`` is float32 (rows, factors), ``seen`` has the shape (rows, items). Returns items,
        int32, and scores, float32, both of the shape (rows, n); where fewer than n items are left
        the rest is -1 and -infinity. Of equal scores at the border of the list the item of larger
        norm is kept.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        places = np.full((len(vectors), n), NO_ITEM, dtype=np.int32)
        scores = np.full((len(vectors), n), -np.inf, dtype=np.float32)
        bounds = np.linalg.norm(vectors, axis=1) * np.float32(1 + vectors.shape[1] * _ROUNDING)
        cells = (seen.data, self.places[seen.indices], seen.indptr)
        seen_places = sparse.csr_matrix(cells, shape=seen.shape)
        seen_places.sort_indices()
        given = (
            (self.factors, self.norms),
            (seen_places.indptr.astype(np.int64), seen_places.indices),
            (places, scores),
        )
        with Workers.started() as workers:
            workers.each(
                _rank_block,
                (
                    (vectors[part].copy(), np.arange(part.start, part.stop), bounds, *given)
                    for part in blocks(len(vectors), _BLOCK)
                ),
            )
        return np.where(places == NO_ITEM, NO_ITEM, self.order[places]), scores


@compiled
def _rank_block(vectors, open_rows, bounds, items, seen, best):
    """Fill ``best``, places and scores of (rows, n), for ``open_rows``, whose vectors are given."""
    scores = np.empty(len(vectors) * _TILE, np.float32)
    for start in range(0, len(items[0]), _TILE):
        left = _still_open(open_rows, vectors, bounds, items[1][start], best[1])
        if left == 0:
            break
        open_rows, vectors = open_rows[:left], vectors[:left]
        tile = items[0][start : start + _TILE]
        cells = scores[: left * len(tile)].reshape(left, len(tile))
        np.dot(vectors, tile.T, cells)
        for r in range(left):
            row = open_rows[r]
            own = seen[1][seen[0][row] : seen[0][row + 1]]
            _look_through(cells[r], start, own, best[0][row], best[1][row])


@compiled
def _still_open(open_rows, vectors, bounds, norm, scores):
    """Move rows that an item of this norm may still enter to the front; return their number."""
    left = 0
    for r in range(len(open_rows)):
        row = open_rows[r]
        if bounds[row] * norm > scores[row, -1]:
            open_rows[left] = row
            vectors[left] = vectors[r]
            left += 1
    return left


@compiled
def _look_through(cells, start, seen, places, scores):
    """Insert what is better than the worst kept; nearly always nothing in a whole run is."""
    worst = scores[-1]
    for run in range(0, len(cells), _RUN):
        better = 0
        for c in range(run, min(run + _RUN, len(cells))):
            better += cells[c] > worst
        if better:
            for c in range(run, min(run + _RUN, len(cells))):
                if cells[c] > worst and not _contains(seen, start + c):
                    _insert(places, scores, start + c, cells[c])
                    worst = scores[-1]


@compiled
def _contains(seen, place):
    n = np.searchsorted(seen, place)
    return n < len(seen) and seen[n] == place


@compiled
def _insert(places, scores, place, score):
    n = len(scores) - 1
    while n > 0 and scores[n - 1] < score:
        places[n], scores[n] = places[n - 1], scores[n - 1]
        n -= 1
    places[n], scores[n] = place, score
