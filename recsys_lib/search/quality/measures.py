"""Measures of a ranked list against graded judgments; NaN when no product answers the query."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recsys_lib.ranking import dcg


def ndcg(rows: np.ndarray, grades: Mapping[int, float], k: int) -> float:
    """Discounted gain over that of the best possible list, both cut at k; gain 2^grade - 1.

    What was not judged counts as 0. Source: Burges et al., "Learning to rank using gradient
    descent" (2005).
    """
    best = np.sort(_gains(np.array(list(grades.values()))))[::-1]
    ideal = float(dcg(best[:k]))
    found = np.array([grades.get(int(row), 0.0) for row in rows[:k]])
    return float(dcg(_gains(found))) / ideal if ideal > 0 else float("nan")


def recall(rows: np.ndarray, grades: Mapping[int, float], k: int) -> float:
    """Share of the products that answer the query (grade above 0) in the first k."""
    relevant = [row for row, grade in grades.items() if grade > 0]
    return float(np.isin(relevant, rows[:k]).mean()) if relevant else float("nan")


def reciprocal_rank(rows: np.ndarray, grades: Mapping[int, float], k: int) -> float:
    """One over the place of the first product that answers the query; 0 when not in the first k.

    Its mean over queries is MRR.
    """
    relevant = [row for row, grade in grades.items() if grade > 0]
    if not relevant:
        return float("nan")
    hits = np.flatnonzero(np.isin(rows[:k], relevant))
    return 1.0 / (hits[0] + 1) if len(hits) else 0.0


def _gains(grades: np.ndarray) -> np.ndarray:
    return np.exp2(grades) - 1
