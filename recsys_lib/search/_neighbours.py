"""Nearest products by vectors, and the index that suits a catalogue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_lib.ranking import best_first
from recsys_lib.search._fusion import DEPTH, Hits
from recsys_lib.search._index import (
    Index,
    Kind,
    build_index,
    can_filter,
    index_bytes,
    is_quantized,
    search_exactly,
    search_index,
    set_breadth,
)

EXACT_BELOW = 20_000
"""Largest catalogue with an exact index: a query takes 2 to 3 ms, and nothing is missed."""
SCAN_BELOW = 2_000_000
"""Largest catalogue that is scanned as a whole: 10 ms for a million products."""

_MORE_CANDIDATES = 8
_COMPARED_ONE_BY_ONE = 20_000  # allowed rows up to which an index is no faster than comparing all
_BLOCK = 20_000
_BREADTHS = (16, 32, 64, 128, 256, 512, 1024)
_SEED = 42
_DEPTHS = (10, DEPTH)
"""What a list shows, and what hybrid search combines."""


@dataclass(frozen=True)
class ChosenIndex:
    """An index and what is known about it.

    Parameters
    ----------
    breadth: links or clusters that a search visits; 0 where it compares all products.
    recall: depth -> share of the nearest products up to that depth that are found, of questions
        that took no part in choosing the breadth.
    """

    index: Index
    kind: Kind
    breadth: int
    recall: dict[int, float]


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
        if not can_filter(index):
            return _filtered(index, embeddings, vectors, k, allowed, n_allowed)
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
    mean = embeddings[given].mean(axis=0, keepdims=True)
    mean /= max(float(np.linalg.norm(mean)), np.finfo(np.float32).tiny)
    # The given products are nearest to their own mean: look for that many more, then drop them.
    ((found, scores),) = nearest(index, embeddings, mean, k + len(given), allowed)
    others = ~np.isin(found, given)
    return found[others][:k], scores[others][:k]


def choose_kind(n: int, dimension: int, memory_mb: int) -> Kind:
    """The most accurate kind that answers within milliseconds and fits into ``memory_mb``."""
    most = memory_mb << 20
    if n <= EXACT_BELOW and index_bytes("exact", n, dimension) <= most:
        return "exact"
    if EXACT_BELOW < n <= SCAN_BELOW:
        return "fast-scan"
    return "ivf-sq8" if index_bytes("ivf-sq8", n, dimension) <= most else "ivf-pq"


def choose_index(
    embeddings: np.ndarray, kind: Kind, recall: float, questions: np.ndarray
) -> ChosenIndex:
    """Build an index that finds the share ``recall`` of the products nearest to a question.

    ``embeddings`` has shape (n, d), ``questions`` (q, d). Products are closer to each other than
    questions are to products, so an index that suits products as queries misses much of what is
    asked for. The breadth of an approximate index grows until one half of the questions finds
    enough, both of the ten nearest and of the ``DEPTH`` that hybrid search combines, or the largest
    breadth is reached. The recall of the other half is reported.
    """
    index = build_index(embeddings, kind)
    if kind == "exact":
        return ChosenIndex(index, kind, 0, dict.fromkeys(_DEPTHS, 1.0))
    nearest_rows = search_exactly(embeddings, questions, _DEPTHS[-1])[1]
    order = np.random.default_rng(_SEED).permutation(len(questions))
    chosen_by, reported_by = np.array_split(order, 2)

    def reached(by: np.ndarray) -> dict[int, float]:
        answers = nearest(index, embeddings, questions[by], _DEPTHS[-1])
        return {depth: _recall(nearest_rows[by, :depth], answers) for depth in _DEPTHS}

    breadth = 0
    for breadth in () if kind == "fast-scan" else _BREADTHS:
        set_breadth(index, breadth)
        if min(reached(chosen_by).values()) >= recall:
            break
    return ChosenIndex(index, kind, breadth, reached(reported_by))


def _recall(wanted: np.ndarray, answers: Sequence[Hits]) -> float:
    """Mean share of ``wanted``, shape (questions, depth), among as many best rows found."""
    depth = wanted.shape[1]
    found = (np.isin(w, rows[:depth]).mean() for w, (rows, _) in zip(wanted, answers, strict=True))
    return float(np.mean(list(found)))


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
    needed = k * _MORE_CANDIDATES
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
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    cosines = np.concatenate([embeddings[block] @ query for block in blocks] or [query[:0]])
    order = best_first(cosines, k)
    return rows[order], cosines[order]
