"""Alternating exact solutions: one side fixed, all rows of the other solved, then the reverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from recsys_lib.als import kernels
from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.products import rotate, to_principal_axes
from recsys_lib.workers import Workers, blocks

_SHORT_TASK, _LONG_TASK = 1024, 8  # rows


@dataclass(frozen=True)
class Penalty:
    """How strongly vectors are pulled to zero.

    Parameters
    ----------
    regularization: lambda of a row without entries.
    frequency_scaling: the exponent nu with which lambda grows with the confidence of a whole row,
        relative to a row without entries; 0 is the same lambda for all (Rendle et al. 2021,
        "Revisiting the Performance of iALS on Item Recommendation Benchmarks", section 4.2).
    """

    regularization: float
    frequency_scaling: float = 0.0

    def of_rows(self, confidence: np.ndarray, columns: float) -> np.ndarray:
        """lambda of each row, float32, whose entries add ``confidence`` to the ``columns``."""
        growth = (1 + confidence / columns) ** self.frequency_scaling
        return (self.regularization * growth).astype(np.float32)


class Side:
    """The rows of one side: confidences that stay the same, and the factors found for them."""

    def __init__(
        self,
        confidence: sparse.csr_matrix,
        factors: np.ndarray,
        columns: np.ndarray,
        penalty: Penalty,
    ) -> None:
        """Prepare ``confidence`` (rows, columns), in which a negative value is a preference of 0.

        ``factors`` is float32 (rows, factors) and is written to; ``columns`` is float32
        (columns,): how often a column counts.
        """
        times = columns[confidence.indices]
        weights = ((np.abs(confidence.data) - 1) * times).astype(np.float32)
        added = added_confidence(confidence.indptr, weights)
        lengths = np.diff(confidence.indptr)
        self.columns = columns
        self._rows = kernels.Rows(
            indptr=confidence.indptr.astype(np.int64),
            indices=confidence.indices,
            weights=weights,
            targets=(np.maximum(confidence.data, 0) * times).astype(np.float32),
            regularization=penalty.of_rows(added, columns.sum(dtype=np.float64)),
        )
        self.solutions = kernels.Solutions(factors, np.zeros(len(lengths)), np.zeros(len(lengths)))
        long = np.flatnonzero(lengths > factors.shape[1])
        self._empty = lengths == 0
        self._short = np.flatnonzero((lengths > 0) & (lengths <= factors.shape[1]))
        self._long = long[np.argsort(-lengths[long], kind="stable")]

    @property
    def factors(self) -> np.ndarray:
        """float32, shape (rows, factors)."""
        return self.solutions.factors

    def solve(self, fixed: np.ndarray, workers: Workers) -> np.ndarray:
        """Write the factors of all rows, given those of the columns, float32 (columns, factors).

        ``fixed`` is rotated in place to its principal axes, in which the solutions are, too.
        Returns the rotation.
        """
        spectrum, rotation = to_principal_axes(fixed, self.columns, workers)
        self.factors[self._empty] = 0
        given = (self._rows, fixed, spectrum, self.solutions)
        for chosen, size, solve in (
            (self._long, _LONG_TASK, kernels.solve_long_rows),
            (self._short, _SHORT_TASK, kernels.solve_short_rows),
        ):
            workers.each(solve, ((chosen[part], *given) for part in blocks(len(chosen), size)))
        return rotation


class Alternation(Protocol):
    """Passes over both sides, on whatever device."""

    def __init__(
        self,
        users: DistinctRows,
        item_factors: np.ndarray,
        item_weights: np.ndarray,
        penalty: Penalty,
        workers: Workers,
    ) -> None: ...

    def iterate(self) -> float:
        """Solve users, then items; return the objective."""
        ...

    def item_factors(self) -> np.ndarray:
        """float32, shape (items, factors), in the axes of the moment."""
        ...

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors of the distinct users and of the items, in the axes of the start."""
        ...


class ExactAlternation(Alternation):
    """Passes over both sides; users that have the same entries are solved once."""

    def __init__(
        self,
        users: DistinctRows,
        item_factors: np.ndarray,
        item_weights: np.ndarray,
        penalty: Penalty,
        workers: Workers,
    ) -> None:
        """Begin with ``item_factors``, float32 (items, factors), which are changed.

        ``item_weights`` is float32 (items,): how much the cells of an item count.
        """
        by_item = sparse.csr_matrix(users.rows.T)
        by_item.sort_indices()
        user_factors = np.empty((users.rows.shape[0], item_factors.shape[1]), dtype=np.float32)
        self._users = Side(users.rows, user_factors, item_weights, penalty)
        self._items = Side(by_item, item_factors, users.counts, penalty)
        self._workers = workers
        self._cells = sum_of_confidences(users, item_weights)
        self._rotation = np.eye(item_factors.shape[1], dtype=np.float32)

    def iterate(self) -> float:
        """Solve users, then items; return the objective as implicit has it.

        That is the sum over all cells of c (p - x y)^2 plus the penalties, divided by the sum of
        all confidences, where a cell without an entry has 1.
        """
        for side, other in ((self._users, self._items), (self._items, self._users)):
            self._rotation = self._rotation @ side.solve(other.factors, self._workers)
        items, users = self._items.solutions, self._users.solutions
        minima = items.minima @ self._users.columns.astype(np.float64)
        norms = users.norms @ self._items.columns.astype(np.float64)
        return float((minima + norms) / self._cells)

    def item_factors(self) -> np.ndarray:
        """float32, shape (items, factors), in the axes of the moment."""
        return self._items.factors

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors of the distinct users and of the items, in the axes of the start."""
        back = np.ascontiguousarray(self._rotation.T)
        for side in (self._users, self._items):
            rotate(side.factors, back, self._workers)
        self._rotation = np.eye(len(back), dtype=np.float32)
        return self._users.factors, self._items.factors


def added_confidence(indptr: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What the entries of each row add to the confidence of its cells, float64 (rows,)."""
    sums = np.concatenate([[0.0], np.cumsum(weights, dtype=np.float64)])
    return sums[indptr[1:]] - sums[indptr[:-1]]


def sum_of_confidences(users: DistinctRows, item_weights: np.ndarray) -> float:
    """Over all cells, of all users; a cell without an entry has 1."""
    counts, weights = users.counts.astype(np.float64), item_weights.astype(np.float64)
    of_entries = np.repeat(counts, np.diff(users.rows.indptr)) * weights[users.rows.indices]
    more = of_entries @ (np.abs(users.rows.data) - 1)
    return float(counts.sum() * weights.sum() + more)
