"""How sure a mean over users is, and a difference between two models on the same users."""

from __future__ import annotations

import math

import numpy as np
from threadpoolctl import threadpool_limits

RESAMPLES = 1_000
FLIPS = 9_999
SIGNIFICANT = 0.05
"""A p-value up to here is a difference beyond noise."""
FEW = 1_000
_BLOCK_CELLS = 4_000_000


def bootstrap_interval(values: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the mean of each column, from resampled users.

    ``values`` has the shape (users, columns). All columns are resampled together. Returns the
    2.5th and 97.5th percentile, shape (columns,). Source: Efron, "Bootstrap methods" (1979);
    Sakai, "Evaluating evaluation metrics based on the bootstrap" (2006) for ranking.
    """
    n, generator = len(values), np.random.default_rng(seed)
    means = np.empty((RESAMPLES, values.shape[1]))
    size = max(1, _BLOCK_CELLS // n)
    for start in range(0, RESAMPLES, size):
        stop = min(start + size, RESAMPLES)
        drawn = [np.bincount(generator.integers(0, n, n), minlength=n) for _ in range(start, stop)]
        with threadpool_limits(1, "blas"):
            means[start:stop] = np.array(drawn, dtype=np.float64) @ values / n
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    return low, high


def paired_test(differences: np.ndarray, *, seed: int) -> float:
    """p-value of "the mean difference is 0", two-sided, by flipping signs at random.

    ``differences`` has one value per user. Each flip pattern is as likely as the one that was
    seen when neither model is better; p is the share of patterns at least as extreme, the one
    that was seen included. With more than ``FEW`` users who differ the sum of random signs is
    normal, with the variance sum of squares, and nothing is drawn. Source: Fisher's
    randomization test; Smucker, Allan, Carterette, "A comparison of statistical significance
    tests for information retrieval evaluation" (2007).
    """
    changed = differences[differences != 0]
    if not len(changed):
        return 1.0
    if len(changed) > FEW:
        return math.erfc(abs(changed.sum()) / math.sqrt(2 * (changed**2).sum()))
    generator = np.random.default_rng(seed)
    observed = abs(changed.sum()) * (1 - 1e-9)
    size = max(1, _BLOCK_CELLS // len(changed))
    extreme = 0
    for start in range(0, FLIPS, size):
        shape = (min(size, FLIPS - start), len(changed))
        signs = generator.integers(0, 2, shape, dtype=np.int8) * np.float32(2) - np.float32(1)
        extreme += int((np.abs(signs @ changed.astype(np.float32)) >= observed).sum())
    return (extreme + 1) / (FLIPS + 1)


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values corrected for their number: sorted, times m, m - 1, ..., never falling, at most 1.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(np.sort(p_values) * factors), 1)
    return corrected
