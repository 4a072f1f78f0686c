"""One half of an iteration: the exact factors of one side, the other side fixed; and the loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse
from threadpoolctl import ThreadpoolController

from recsys_lib.als import kernels

_BLAS = ThreadpoolController()
_SHORT_RATE, _LONG_RATE, _PRODUCT_RATE, _STEP_RATE = 20.0, 70.0, 90.0, 50.0
_SHORT = 0.5
"""Rows with up to this share of the number of factors are solved by a system of their own size."""


@dataclass(frozen=True)
class Side:
    """The rows of one side, ready for the kernels.

    Parameters
    ----------
    indptr, indices: as in CSR.
    weights, targets: float32, one for each entry: c - 1, and c where the preference is 1; each
        times the weight of the column. A negative confidence is one that the preference is 0.
    columns: float32, shape (columns,): how often a column counts; None for once.
    """

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    targets: np.ndarray
    columns: np.ndarray | None = None

    @classmethod
    def of(cls, confidence: sparse.csr_matrix, columns: np.ndarray | None = None) -> Side:
        """Rows of a matrix of confidences."""
        times = 1.0 if columns is None else columns[confidence.indices]
        return cls(
            indptr=confidence.indptr.astype(np.int64),
            indices=confidence.indices,
            weights=((np.abs(confidence.data) - 1) * times).astype(np.float32),
            targets=(np.maximum(confidence.data, 0) * times).astype(np.float32),
            columns=columns,
        )

    def solve(self, fixed: np.ndarray, regularization: float, out: np.ndarray) -> None:
        """Write the factors of all rows into ``out``, given those of the columns.

        Both are float32, shapes (rows, factors) and (columns, factors).
        """
        factors = fixed.shape[1]
        system = gram(fixed, self.columns) + regularization * np.eye(factors)
        inverse = linalg.cho_solve(linalg.cho_factor(system), np.eye(factors))
        solved = fixed @ inverse.astype(np.float32)
        lengths = np.diff(self.indptr)
        is_long = lengths > max(1, _SHORT * factors)
        entries = (self.indptr, self.indices, self.weights, self.targets)
        rows = np.flatnonzero(is_long)
        longest_first = rows[np.argsort(-lengths[rows], kind="stable")]
        with _BLAS.limit(limits=1, user_api="blas"):  # each thread of a kernel calls it
            kernels.solve_short_rows(np.flatnonzero(~is_long), *entries, fixed, solved, out)
            kernels.solve_long_rows(longest_first, *entries, fixed, system, out)


def is_worthwhile(users: sparse.csr_matrix, all_users: int, factors: int) -> bool:
    """Whether exact solutions are faster than three steps of conjugate gradient for every row.

    ``users`` are the distinct ones among ``all_users``, whom conjugate gradient takes one by one.
    With long rows and few repeated ones it is faster. Compares counts of operations, divided by
    the rates at which they were seen to run.
    """
    n_users, n_items = users.shape
    lengths = np.concatenate([np.diff(users.indptr), np.bincount(users.indices, minlength=n_items)])
    k = lengths.astype(np.float64)
    short = 2 * k**2 * factors + 2 / 3 * k**3
    long = 2 * k * factors**2 + 2 / 3 * factors**3
    rows = np.where(k > max(1, _SHORT * factors), long / _LONG_RATE, short / _SHORT_RATE).sum()
    products = 4 * (n_users + n_items) * factors**2 / _PRODUCT_RATE
    steps = 3 * (2 * factors**2 * (all_users + n_items) + 4 * factors * k.sum()) / _STEP_RATE
    return bool(rows + products < steps)


def gram(factors: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Y' diag(counts) Y in float64, shape (factors, factors)."""
    weighted = factors if counts is None else factors * counts[:, None]
    return (factors.T @ weighted).astype(np.float64)


def loss(
    confidence: sparse.csr_matrix,
    counts: np.ndarray,
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    regularization: float,
) -> float:
    """The objective per cell, exactly, without looking at cells that are zero.

    The sum over all cells of (x y)^2 is the trace of X'X Y'Y; what the cells with entries have
    more is added. As implicit does, it is divided by the sum of all confidences, where a cell
    without an entry has 1. Row u of ``confidence`` counts ``counts[u]`` times.
    """
    users, items = gram(user_factors, counts), gram(item_factors)
    everywhere = float(np.sum(users * items))
    row = np.repeat(np.arange(confidence.shape[0]), np.diff(confidence.indptr))
    scores = kernels.scores(row, confidence.indices, user_factors, item_factors)
    certainty, times = np.abs(confidence.data).astype(np.float64), counts[row].astype(np.float64)
    wanted = (confidence.data > 0).astype(np.float64)
    entries = float(np.sum(times * (certainty * (wanted - scores) ** 2 - scores**2)))
    norms = regularization * float(np.trace(users) + np.trace(items))
    cells = float(counts.sum()) * confidence.shape[1] - float(times.sum())
    return (everywhere + entries + norms) / (float(np.sum(times * certainty)) + cells)
