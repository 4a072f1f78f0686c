"""Two lists of answers to one: by meaning and by words."""

from __future__ import annotations

import numpy as np

from recsys_lib.ranking import best_first

DEPTH = 200
"""So many answers of each kind take part; of what is deeper neither kind is sure."""


def fuse(
    semantic: tuple[np.ndarray, np.ndarray],
    lexical: tuple[np.ndarray, np.ndarray],
    semantic_weight: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and scores of all answers, best first.

    Each list is (rows, scores), best first. The scores of a list are stretched to [0, 1], its last
    place being 0 when the list is full, and added up: weight * semantic + (1 - weight) * lexical.
    Source: Bruch, Gai, Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023).
    """
    rows = np.concatenate([semantic[0], lexical[0]])
    parts = [
        semantic_weight * _stretched(semantic[1]),
        (1 - semantic_weight) * _stretched(lexical[1]),
    ]
    distinct, places = np.unique(rows, return_inverse=True)
    scores = np.bincount(places, weights=np.concatenate(parts), minlength=len(distinct))
    order = best_first(scores)
    return distinct[order], scores[order]


def _stretched(scores: np.ndarray) -> np.ndarray:
    if not len(scores):
        return np.empty(0)
    lowest = float(scores[-1]) if len(scores) >= DEPTH else 0.0
    width = float(scores[0]) - lowest
    return (scores - lowest) / width if width > 0 else np.ones(len(scores))
