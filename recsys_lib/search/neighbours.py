"""Nearest products with true cosines, whatever the kind of index."""

from __future__ import annotations

import numpy as np

from recsys_lib.ranking import best_first
from recsys_lib.search.index import Index, is_quantized, search_index

_MORE_CANDIDATES = 4
_COMPARED_ONE_BY_ONE = 20_000  # rows; with fewer allowed ones an index has no advantage


def nearest(
    index: Index,
    embeddings: np.ndarray,
    vectors: np.ndarray,
    k: int,
    allowed: np.ndarray | None = None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each vector, rows and cosines of at most k nearest products, best first.

    ``embeddings`` has shape (n, d) and may be memory-mapped, ``vectors`` shape (q, d); with
    ``allowed``, bool of shape (n,), only its rows can be found. What a quantized index finds is
    compared again with the stored embeddings.
    """
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    if allowed is not None and int(allowed.sum()) <= _COMPARED_ONE_BY_ONE:
        rows = np.flatnonzero(allowed)
        return [_best(embeddings, vector, rows, k) for vector in vectors]
    wanted = k * _MORE_CANDIDATES if is_quantized(index) else k
    scores, rows = search_index(index, vectors, wanted, allowed)
    answers: list[tuple[np.ndarray, np.ndarray]] = []
    for number, vector in enumerate(vectors):
        there = rows[number] >= 0  # an approximate index can run out of products
        found, cosines = rows[number][there], scores[number][there]
        if is_quantized(index):
            found, cosines = _best(embeddings, vector, found, k)
        answers.append((found, cosines))
    return answers


def _best(
    embeddings: np.ndarray, vector: np.ndarray, rows: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    cosines = embeddings[rows] @ np.asarray(vector, dtype=np.float32)
    order = best_first(cosines, k)
    return rows[order], cosines[order]
