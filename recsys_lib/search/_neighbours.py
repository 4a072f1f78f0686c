"""Nearest products by vectors: candidates of an index, compared exactly where it rounds."""

from __future__ import annotations

import math

import numpy as np

from recsys_lib.ranking import best_first
from recsys_lib.search._fusion import Hits
from recsys_lib.search._index import Index, search_index
from recsys_lib.search._vectors import blocks

_COMPARED_ONE_BY_ONE = 20_000  # allowed rows up to which an index is no faster than comparing all
_BLOCK = 20_000


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
    if allowed is not None:
        n_allowed = int(allowed.sum())
        if n_allowed <= _COMPARED_ONE_BY_ONE:
            return _compared(embeddings, vectors, k, allowed)
        if not index.can_filter:
            return _filtered(index, embeddings, vectors, k, allowed, n_allowed)
    scores, rows = search_index(index, vectors, index.proposed(k), allowed)
    answers: list[Hits] = []
    for number, vector in enumerate(vectors):
        found = rows[number] >= 0  # an approximate index can run out of products
        hits = rows[number][found], scores[number][found]
        if index.is_quantized:
            hits = _best(embeddings, vector, hits[0], k)
        answers.append(hits)
    return answers


def near_mean(
    index: Index,
    embeddings: np.ndarray,
    rows: np.ndarray,
    k: int,
    allowed: np.ndarray | None = None,
) -> Hits:
    """Rows and cosines of the k other products nearest to the mean of those at ``rows``.

    IndexError for a row that does not exist, ValueError for no rows or k below 1.
    """
    given = np.unique(rows)
    if len(given) == 0 or k < 1:
        raise ValueError(f"give at least one row and k of at least 1, not {rows} and {k}")
    if given[0] < 0 or given[-1] >= len(embeddings):
        raise IndexError(f"rows must be between 0 and {len(embeddings) - 1:,}, not {rows}")
    mean = embeddings[given].mean(axis=0, dtype=np.float32, keepdims=True)
    mean /= max(float(np.linalg.norm(mean)), np.finfo(np.float32).tiny)
    # The given products are nearest to their own mean: look for that many more, then drop them.
    ((found, scores),) = nearest(index, embeddings, mean, k + len(given), allowed)
    others = ~np.isin(found, given)
    return found[others][:k], scores[others][:k]


def _compared(
    embeddings: np.ndarray, vectors: np.ndarray, k: int, allowed: np.ndarray
) -> list[Hits]:
    """The nearest of the allowed rows, compared one by one."""
    rows = np.flatnonzero(allowed)
    return [_best(embeddings, vector, rows, k) for vector in vectors]


def _filtered(
    index: Index,
    embeddings: np.ndarray,
    vectors: np.ndarray,
    k: int,
    allowed: np.ndarray,
    n_allowed: int,
) -> list[Hits]:
    """The nearest allowed rows by an index that does not know about ``allowed``.

    It proposes more than wanted, by the share of rows that are allowed. Where too few of those are
    allowed, because what is allowed lies far from the question, all allowed rows are compared.
    """
    needed = index.proposed(k)
    _, proposed = search_index(index, vectors, math.ceil(needed * len(allowed) / n_allowed))
    answers = []
    for vector, candidates in zip(vectors, proposed, strict=True):
        found = candidates[candidates >= 0]
        rows = found[allowed[found]]
        enough = len(rows) >= needed // 2
        answers.append(_best(embeddings, vector, rows if enough else np.flatnonzero(allowed), k))
    return answers


def _best(embeddings: np.ndarray, vector: np.ndarray, rows: np.ndarray, k: int) -> Hits:
    query = np.asarray(vector, dtype=np.float32)
    some = (embeddings[rows[block]] for block in blocks(len(rows), _BLOCK))
    cosines = np.concatenate([np.asarray(v, np.float32) @ query for v in some] or [query[:0]])
    order = best_first(cosines, k)
    return rows[order], cosines[order]
