"""Nearest products by vectors, and the index that suits a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_lib.ranking import best_first
from recsys_lib.search._fusion import Hits
from recsys_lib.search._index import (
    Index,
    Kind,
    build_index,
    index_bytes,
    is_quantized,
    search_exactly,
    search_index,
    set_breadth,
)

EXACT_BELOW = 50_000
"""Largest catalogue with an exact index: a query takes about 5 ms, and nothing is missed."""

_MORE_CANDIDATES = 4
_COMPARED_ONE_BY_ONE = 20_000  # allowed rows up to which an index is no faster than comparing all
_K = 10
_CHECKED = 200
_BREADTHS = (16, 32, 64, 128, 256, 512, 1024)
_SEED = 42


@dataclass(frozen=True)
class ChosenIndex:
    """An index and what is known about it.

    Parameters
    ----------
    breadth: links or clusters that a search visits; 0 for exact.
    recall: share of the ten nearest products that it finds, compared with exact search.
    """

    index: Index
    kind: Kind
    breadth: int
    recall: float


def nearest(
    index: Index,
    embeddings: np.ndarray,
    vectors: np.ndarray,
    k: int,
    allowed: np.ndarray | None = None,
) -> list[Hits]:
    """For each vector, rows and cosines of at most k nearest products, best first.

    ``embeddings`` has shape (n, d) and may be memory-mapped, ``vectors`` shape (q, d); with
    ``allowed``, bool, shape (n,), only its rows can be found. A quantized index only proposes
    candidates: their cosines are computed from the stored embeddings.
    """
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    if allowed is not None and int(allowed.sum()) <= _COMPARED_ONE_BY_ONE:
        rows = np.flatnonzero(allowed)
        return [_best(embeddings, vector, rows, k) for vector in vectors]
    wanted = k * _MORE_CANDIDATES if is_quantized(index) else k
    scores, rows = search_index(index, vectors, wanted, allowed)
    answers: list[Hits] = []
    for number, vector in enumerate(vectors):
        found = rows[number] >= 0  # an approximate index can run out of products
        hits = rows[number][found], scores[number][found]
        if is_quantized(index):
            hits = _best(embeddings, vector, hits[0], k)
        answers.append(hits)
    return answers


def near_mean(index: Index, embeddings: np.ndarray, rows: np.ndarray, k: int) -> Hits:
    """Rows and cosines of the k other products nearest to the mean of those at ``rows``.

    IndexError for a row that does not exist, ValueError for no rows or k below 1.
    """
    given = np.unique(rows)
    if len(given) == 0 or k < 1:
        raise ValueError(f"give at least one row and k of at least 1, not {rows} and {k}")
    if given[0] < 0 or given[-1] >= len(embeddings):
        raise IndexError(f"rows must be between 0 and {len(embeddings) - 1:,}, not {rows}")
    mean = embeddings[given].mean(axis=0, keepdims=True)
    mean /= max(float(np.linalg.norm(mean)), np.finfo(np.float32).tiny)
    # The given products are nearest to their own mean: look for that many more, then drop them.
    ((found, scores),) = nearest(index, embeddings, mean, k + len(given))
    others = ~np.isin(found, given)
    return found[others][:k], scores[others][:k]


def choose_kind(n: int, dimension: int, memory_mb: int) -> Kind:
    """Exact for small catalogues, else the most accurate kind that fits into ``memory_mb``."""
    if n <= EXACT_BELOW and index_bytes("exact", n, dimension) <= memory_mb << 20:
        return "exact"
    kinds: tuple[Kind, ...] = ("hnsw", "ivf-sq8")
    return next((k for k in kinds if index_bytes(k, n, dimension) <= memory_mb << 20), "ivf-pq")


def choose_index(embeddings: np.ndarray, kind: Kind, recall: float) -> ChosenIndex:
    """Build an index that finds the share ``recall`` of the ten nearest products.

    ``embeddings`` has shape (n, d). The breadth of an approximate index grows until the recall is
    reached or the largest breadth tried; the result tells the recall that was reached. It is
    measured with products as queries, which do not count as their own neighbours.
    """
    index, n = build_index(embeddings, kind), len(embeddings)
    if kind == "exact" or n == 1:  # a single product has no neighbour to miss
        return ChosenIndex(index, kind, 0, 1.0)
    queries = np.sort(np.random.default_rng(_SEED).choice(n, min(_CHECKED, n), replace=False))
    vectors = np.asarray(embeddings[queries])
    wanted = _others(queries, search_exactly(embeddings, vectors, _K + 1)[1])
    reached, breadth = 0.0, 0
    for breadth in _BREADTHS:
        set_breadth(index, breadth)
        answers = nearest(index, embeddings, vectors, _K + 1)
        found = _others(queries, [rows for rows, _ in answers])
        shares = [np.isin(w, f).mean() for w, f in zip(wanted, found, strict=True)]
        reached = float(np.mean(shares))
        if reached >= recall:
            break
    return ChosenIndex(index, kind, breadth, reached)


def _best(embeddings: np.ndarray, vector: np.ndarray, rows: np.ndarray, k: int) -> Hits:
    cosines = embeddings[rows] @ np.asarray(vector, dtype=np.float32)
    order = best_first(cosines, k)
    return rows[order], cosines[order]


def _others(queries: np.ndarray, answers: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray]:
    """The ten nearest of each product, without the product itself."""
    return [rows[rows != row][:_K] for row, rows in zip(queries, answers, strict=True)]
