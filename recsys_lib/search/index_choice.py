"""Which index suits a catalogue: by its size and a budget of memory, checked against exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_lib.search.index import (
    Index,
    Kind,
    build_index,
    index_bytes,
    search_exactly,
    set_breadth,
)
from recsys_lib.search.neighbours import nearest

EXACT_BELOW = 50_000
"""Up to here comparing with every product takes about 5 ms, and nothing can be missed."""

_K = 10
_CHECKED = 200
_BREADTHS = (16, 32, 64, 128, 256, 512, 1024)
_SEED = 42


@dataclass(frozen=True)
class ChosenIndex:
    """An index and what is known about it.

    Parameters
    ----------
    breadth: links followed or clusters visited by a search; 0 for exact.
    recall: share of the ten nearest products that it finds, against exact.
    """

    index: Index
    kind: Kind
    breadth: int
    recall: float


def choose_kind(n: int, dimension: int, memory_mb: int) -> Kind:
    """Exact for small catalogues; then the most exact kind that fits into ``memory_mb``."""
    if n <= EXACT_BELOW and index_bytes("exact", n, dimension) <= memory_mb << 20:
        return "exact"
    kinds: tuple[Kind, ...] = ("hnsw", "ivf-sq8")
    return next((k for k in kinds if index_bytes(k, n, dimension) <= memory_mb << 20), "ivf-pq")


def choose_index(embeddings: np.ndarray, kind: Kind, recall: float) -> ChosenIndex:
    """Build an index that finds the ``recall`` share of the ten nearest products.

    ``embeddings`` has shape (n, d). An approximate index looks farther and farther until it
    does; the recall that is reached in the end, perhaps a smaller one, is part of the answer. It
    is measured with products as questions, which are not counted as their own neighbours.
    """
    index = build_index(embeddings, kind)
    if kind == "exact":
        return ChosenIndex(index, kind, 0, 1.0)
    rng = np.random.default_rng(_SEED)
    n = len(embeddings)
    asked = np.sort(rng.choice(n, min(_CHECKED, n), replace=False))
    questions = np.asarray(embeddings[asked])
    wanted = _others(asked, search_exactly(embeddings, questions, _K + 1)[1])
    reached, breadth = 0.0, 0
    for breadth in _BREADTHS:
        set_breadth(index, breadth)
        answers = nearest(index, embeddings, questions, _K + 1)
        found = _others(asked, [rows for rows, _ in answers])
        shares = [np.isin(w, f).mean() for w, f in zip(wanted, found, strict=True)]
        reached = float(np.mean(shares))
        if reached >= recall:
            break
    return ChosenIndex(index, kind, breadth, reached)


def _others(asked: np.ndarray, answers: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray]:
    """The nearest ten of each product, without itself."""
    return [rows[rows != row][:_K] for row, rows in zip(asked, answers, strict=True)]
