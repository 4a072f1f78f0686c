"""What ALS makes small, computed from any factors: to compare solvers, and to check ours."""

from __future__ import annotations

import numpy as np
from scipy import sparse

_BLOCK = 1 << 16  # rows that are held in float64 at once


def objective(
    confidence: sparse.csr_matrix,
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    regularization: float,
) -> float:
    """The objective per cell in float64, exactly, without a look at cells that have no entry.

    The sum over all cells of (x y)^2 is the trace of X'X Y'Y; what the cells with entries have
    more is added. As implicit does, it is divided by the sum of all confidences, where a cell
    without an entry has 1.
    """
    users, items = _gram(user_factors), _gram(item_factors)
    certainty = np.abs(confidence.data).astype(np.float64)
    wanted = (confidence.data > 0).astype(np.float64)
    scores = _scores(confidence, user_factors, item_factors)
    entries = np.sum(certainty * (wanted - scores) ** 2 - scores**2)
    norms = regularization * (np.trace(users) + np.trace(items))
    cells = np.prod(confidence.shape, dtype=np.float64) - confidence.nnz + certainty.sum()
    return float((np.sum(users * items) + entries + norms) / cells)


def _gram(factors: np.ndarray) -> np.ndarray:
    blocks = (factors[n : n + _BLOCK].astype(np.float64) for n in range(0, len(factors), _BLOCK))
    return sum((block.T @ block for block in blocks), np.zeros((factors.shape[1],) * 2))


def _scores(confidence: sparse.csr_matrix, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    row = np.repeat(np.arange(confidence.shape[0]), np.diff(confidence.indptr))
    scores = np.empty(len(row))
    for n in range(0, len(row), _BLOCK):
        pair = slice(n, n + _BLOCK)
        left, right = x[row[pair]], y[confidence.indices[pair]]
        scores[pair] = np.einsum("nf,nf->n", left, right, dtype=np.float64)
    return scores
