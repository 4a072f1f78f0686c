"""Ranked lists combined: meaning with words, and exact codes before everything."""

from __future__ import annotations

import numpy as np

from recsys_lib.ranking import best_first

Hits = tuple[np.ndarray, np.ndarray]
"""Rows of products, int64, and their scores; best first."""

DEPTH = 200
"""Length at which lists are cut before fusion. Neither kind of search can tell deeper products
apart, and a cut is needed to know what its lowest score means."""


def fuse(semantic: Hits, lexical: Hits, semantic_weight: float) -> Hits:
    """Combine the hits of semantic and lexical search: every product of either list once.

    The score is weight * semantic + (1 - weight) * lexical, where both are scaled to [0, 1] and a
    product that is missing in a list has 0 there. A convex combination beats fusion by rank, which
    forgets by how far one product is better than the next. Reference: Bruch, Gai, Ingber, "An
    Analysis of Fusion Functions for Hybrid Retrieval" (2023).
    """
    rows = np.concatenate([semantic[0], lexical[0]])
    parts = [
        semantic_weight * _scaled(semantic[1]),
        (1 - semantic_weight) * _scaled(lexical[1]),
    ]
    distinct, positions = np.unique(rows, return_inverse=True)
    scores = np.bincount(positions, weights=np.concatenate(parts), minlength=len(distinct))
    order = best_first(scores)
    return distinct[order], scores[order]


def append_new(hits: Hits, deeper: Hits) -> Hits:
    """The hits, then those of a deeper search that are not among them.

    Scores of deeper lists have another scale, so none may exceed the last one before.
    """
    new = ~np.isin(deeper[0], hits[0])
    last = hits[1][-1] if len(hits[1]) else np.inf
    return (
        np.concatenate([hits[0], deeper[0][new]]),
        np.concatenate([hits[1], np.minimum(deeper[1][new], last)]),
    )


def put_first(rows: np.ndarray, hits: Hits) -> Hits:
    """The hits with the products at ``rows`` in front, scored above all others."""
    if not len(rows):
        return hits
    others = ~np.isin(hits[0], rows)
    top = float(hits[1].max(initial=0.0)) + 1.0
    return (
        np.concatenate([rows, hits[0][others]]),
        np.concatenate([np.full(len(rows), top), hits[1][others]]),
    )


def _scaled(scores: np.ndarray) -> np.ndarray:
    """Scores divided by the best, after the lowest of a full list was subtracted.

    A full list was cut: deeper products count 0, so its last one must, too. A shorter list holds
    every product that matches at all, and the last of them still matches; its zero is the score
    0, "no match". Cosines and BM25 have different ranges, hence the scaling. When all scores are
    equal, all are best.
    """
    if not len(scores):
        return np.empty(0)
    lowest = float(scores[-1]) if len(scores) >= DEPTH else 0.0
    width = float(scores[0]) - lowest
    return (scores - lowest) / width if width > 0 else np.ones(len(scores))
