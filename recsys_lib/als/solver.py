"""Alternating least squares: fix one side, solve all rows of the other exactly, then swap.

References: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008),
for the objective; Rendle et al., "Revisiting the Performance of iALS on Item Recommendation
Benchmarks" (2021), section 4.2, for frequency scaling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from recsys_lib.als import _kernels
from recsys_lib.als._distinct import DistinctRows
from recsys_lib.als._linear_algebra import rotate, to_principal_axes
from recsys_lib.als.momentum import Momentum
from recsys_lib.compiled import Workers, blocks
from recsys_lib.parameters import AlsParameters

_SHORT_TASK, _LONG_TASK = 1024, 8  # rows; fixed, so that results do not depend on the threads


@dataclass(frozen=True)
class Penalty:
    """The L2 penalty on the factors.

    Parameters
    ----------
    regularization: lambda of a row without entries.
    frequency_scaling: exponent nu by which lambda grows with the total confidence of a row,
        relative to a row without entries; with 0 all rows have the same lambda.
    """

    regularization: float
    frequency_scaling: float = 0.0

    @classmethod
    def from_parameters(cls, parameters: AlsParameters) -> Penalty:
        """The penalty that the parameters ask for."""
        return cls(parameters.regularization, parameters.frequency_scaling)

    def per_row(self, confidence: np.ndarray, columns: float) -> np.ndarray:
        """lambda of each row, float32.

        ``confidence`` is what the entries of a row add to the total weight of its ``columns``.
        """
        growth = (1 + confidence / columns) ** self.frequency_scaling
        return (self.regularization * growth).astype(np.float32)


class Side:
    """The rows of one side: their confidences, which never change, and their factors."""

    def __init__(
        self,
        confidence: sparse.csr_matrix,
        factors: np.ndarray,
        columns: np.ndarray,
        penalty: Penalty,
    ) -> None:
        """Prepare ``confidence`` (rows, columns), where a negative value means preference 0.

        ``factors`` is float32 (rows, factors) and will be overwritten; ``columns`` is float32
        (columns,): the weight of each column.
        """
        times = columns[confidence.indices]
        weights = ((np.abs(confidence.data) - 1) * times).astype(np.float32)
        added = added_confidence(confidence.indptr, weights)
        lengths = np.diff(confidence.indptr)
        self.columns = columns
        self._rows = _kernels.Rows(
            indptr=confidence.indptr.astype(np.int64),
            indices=confidence.indices,
            weights=weights,
            targets=(np.maximum(confidence.data, 0) * times).astype(np.float32),
            regularization=penalty.per_row(added, columns.sum(dtype=np.float64)),
        )
        self.solutions = _kernels.Solutions(factors, np.zeros(len(lengths)), np.zeros(len(lengths)))
        self._empty = lengths == 0
        self._short = np.flatnonzero((lengths > 0) & (lengths <= factors.shape[1]))
        long = np.flatnonzero(lengths > factors.shape[1])
        # Longest first: no thread is left alone with a giant row at the end.
        self._long = long[np.argsort(-lengths[long], kind="stable")]

    @property
    def factors(self) -> np.ndarray:
        """float32, shape (rows, factors)."""
        return self.solutions.factors

    def solve(self, fixed: np.ndarray, workers: Workers) -> np.ndarray:
        """Solve all rows, given the factors of the columns, float32 (columns, factors).

        ``fixed`` is rotated in place to its principal axes, and the solutions are in the same
        axes. Returns the rotation.
        """
        spectrum, rotation = to_principal_axes(fixed, self.columns, workers)
        self.factors[self._empty] = 0
        given = (self._rows, fixed, spectrum, self.solutions)
        for chosen, size, solve in (
            (self._long, _LONG_TASK, _kernels.solve_long_rows),
            (self._short, _SHORT_TASK, _kernels.solve_short_rows),
        ):
            workers.each(solve, ((chosen[part], *given) for part in blocks(len(chosen), size)))
        return rotation


class Alternation(Protocol):
    """Iterations over both sides, on some device."""

    def __init__(
        self,
        users: DistinctRows,
        item_factors: np.ndarray,
        item_weights: np.ndarray,
        penalty: Penalty,
        workers: Workers,
        momentum: Momentum | None = None,
    ) -> None: ...

    def iterate(self) -> float:
        """Solve users, then items; return the objective."""
        ...

    def item_factors(self) -> np.ndarray:
        """float32, shape (items, factors), in the current axes."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """What the next iteration depends on: item factors and the rotation of their axes."""
        ...

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a ``state``."""
        ...

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors of the distinct users and of the items, in the original axes."""
        ...


class ExactAlternation(Alternation):
    """Iterations over both sides on the CPU; users with equal entries are solved once."""

    def __init__(
        self,
        users: DistinctRows,
        item_factors: np.ndarray,
        item_weights: np.ndarray,
        penalty: Penalty,
        workers: Workers,
        momentum: Momentum | None = None,
    ) -> None:
        """Start from ``item_factors``, float32 (items, factors), which will be overwritten.

        ``item_weights`` is float32 (items,): the weight of an item's cells in the objective.
        Without ``momentum`` each iteration starts where the one before ended.
        """
        by_item = sparse.csr_matrix(users.rows.T)
        user_factors = np.empty((users.rows.shape[0], item_factors.shape[1]), dtype=np.float32)
        self._users = Side(users.rows, user_factors, item_weights, penalty)
        self._items = Side(by_item, item_factors, users.counts, penalty)
        self._workers, self._momentum = workers, momentum
        self._cells = sum_of_confidences(users, item_weights)
        self._rotation = np.eye(item_factors.shape[1], dtype=np.float32)

    def iterate(self) -> float:
        """Solve users, then items; return the objective, normalized like implicit's.

        It is the sum over all cells of c (p - x y)^2 plus the penalties, divided by the sum of
        all confidences, where a cell without an entry has confidence 1.
        """
        before = self._rotation
        if self._momentum:
            self._momentum.push(self._items.factors)
        # Each side rotates the other into its own principal axes, which leaves all products x y
        # as they are; the accumulated rotation leads back to the original axes.
        for side, other in ((self._users, self._items), (self._items, self._users)):
            self._rotation = self._rotation @ side.solve(other.factors, self._workers)
        # The minima over the items, solved last, cover all cells and the items' penalties; only
        # the users' penalties are missing.
        items, users = self._items.solutions, self._users.solutions
        minima = items.minima @ self._users.columns.astype(np.float64)
        norms = users.norms @ self._items.columns.astype(np.float64)
        objective = float((minima + norms) / self._cells)
        if self._momentum:
            self._momentum.follow(before.T @ self._rotation, objective)
        return objective

    def item_factors(self) -> np.ndarray:
        """float32, shape (items, factors), in the current axes."""
        return self._items.factors

    def state(self) -> dict[str, np.ndarray]:
        """Item factors in the current axes, and the rotation; users are solved from them."""
        momentum = self._momentum.state() if self._momentum else {}
        return {"item_factors": self._items.factors, "rotation": self._rotation, **momentum}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a ``state``."""
        self._items.factors[:] = state["item_factors"]
        self._rotation = state["rotation"]
        if self._momentum:
            self._momentum.restore(state)

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors of the distinct users and of the items, in the original axes."""
        back = np.ascontiguousarray(self._rotation.T)
        for side in (self._users, self._items):
            rotate(side.factors, back, self._workers)
        self._rotation = np.eye(len(back), dtype=np.float32)
        return self._users.factors, self._items.factors


def added_confidence(indptr: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The confidence above 1 that the entries of each row add up to, float64 (rows,)."""
    sums = np.concatenate([[0.0], np.cumsum(weights, dtype=np.float64)])
    return sums[indptr[1:]] - sums[indptr[:-1]]


def sum_of_confidences(users: DistinctRows, item_weights: np.ndarray) -> float:
    """Over all cells of all original users; a cell without an entry has confidence 1."""
    counts, weights = users.counts.astype(np.float64), item_weights.astype(np.float64)
    of_entries = np.repeat(counts, np.diff(users.rows.indptr)) * weights[users.rows.indices]
    above_one = of_entries @ (np.abs(users.rows.data) - 1)
    return float(counts.sum() * weights.sum() + above_one)
