"""Discounted cumulative gain: a hit at position i, from 0, is worth 1 / log2(i + 2).

Reference: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002).
"""

from __future__ import annotations

import numpy as np


def dcg(gains: np.ndarray) -> np.ndarray:
    """Discounted sum of the gains in the order of the list, shape (..., k) to (...)."""
    return np.asarray(gains @ discounts(gains.shape[-1]))


def ideal_dcg(n_relevant: np.ndarray, k: int) -> np.ndarray:
    """The best possible DCG at k with gains of 0 or 1: min(n_relevant, k) hits at the top."""
    of_hits = np.concatenate([[0.0], np.cumsum(discounts(k))])
    return of_hits[np.minimum(n_relevant, k)]


def discounted_gains(positions: np.ndarray, k: int) -> np.ndarray:
    """What a hit at each of the positions, from 0, is worth; 0 from position k on."""
    return np.append(discounts(k), 0.0)[np.minimum(positions, k)]


def discounts(k: int) -> np.ndarray:
    """1 / log2(i + 2) for the positions i = 0 to k - 1, shape (k,)."""
    return np.asarray(1 / np.log2(np.arange(2, k + 2)))
