"""Rows to solve, and their solutions by the textbook: the whole system, in float64."""

import numpy as np
from scipy import sparse


def problem(seed, rows, columns, factors, density=0.3):
    """Confidences of every kind (below 1, 1, above, negative), and fixed factors."""
    rng = np.random.default_rng(seed)
    values = rng.choice([0.25, 1.0, 2.0, 7.5, 40.0, -1.0, -3.0], (rows, columns))
    values[rng.random((rows, columns)) > density] = 0
    values[0] = 0  # an empty row
    if rows > 2:
        values[2] = values[1]  # a repeated one
    fixed = rng.standard_normal((columns, factors)).astype(np.float32) * 0.3
    return sparse.csr_matrix(values, dtype=np.float32), fixed


def normal_equations(confidence, fixed, penalty, counts=None):
    """Every row by the whole system, float64; ``counts`` weighs the columns."""
    y, factors = fixed.astype(np.float64), fixed.shape[1]
    counts = np.ones(len(y)) if counts is None else counts.astype(np.float64)
    out = np.zeros((confidence.shape[0], factors))
    gram = y.T @ (y * counts[:, None])
    for row, values in enumerate(confidence.toarray().astype(np.float64)):
        seen = np.flatnonzero(values)
        if len(seen):
            c, m = values[seen], counts[seen]
            added = (m * (np.abs(c) - 1)).sum()
            grown = (1 + added / counts.sum()) ** penalty.frequency_scaling
            system = gram + penalty.regularization * grown * np.eye(factors)
            system += (y[seen].T * (m * (np.abs(c) - 1))) @ y[seen]
            out[row] = np.linalg.solve(system, y[seen].T @ (m * np.maximum(c, 0)))
    return out
