"""What ALS makes small, computed from any factors: to compare solvers, and to check ours."""

from __future__ import annotations

import numpy as np
from scipy import sparse


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
    x, y = user_factors.astype(np.float64), item_factors.astype(np.float64)
    users, items = x.T @ x, y.T @ y
    certainty = np.abs(confidence.data).astype(np.float64)
    wanted = (confidence.data > 0).astype(np.float64)
    scores = _scores(confidence, x, y)
    entries = np.sum(certainty * (wanted - scores) ** 2 - scores**2)
    norms = regularization * (np.trace(users) + np.trace(items))
    cells = np.prod(confidence.shape, dtype=np.float64) - confidence.nnz + certainty.sum()
    return float((np.sum(users * items) + entries + norms) / cells)


def _scores(confidence: sparse.csr_matrix, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    row = np.repeat(np.arange(confidence.shape[0]), np.diff(confidence.indptr))
    block = max(1, 2**24 // x.shape[1])
    return np.concatenate(
        [
            np.einsum("nf,nf->n", x[row[n : n + block]], y[confidence.indices[n : n + block]])
            for n in range(0, max(1, len(row)), block)
        ]
    )
