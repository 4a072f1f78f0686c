"""Repeated rows: solved once, and counted as often as they occur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class DistinctRows:
    """A matrix without repeated rows.

    Parameters
    ----------
    rows: float32 CSR, every distinct row once, in the order of first occurrence.
    group: int64, shape (original rows,): the index in ``rows`` of each original row.
    counts: float32, shape (rows,): number of original rows, or the sum of their weights.
    """

    rows: sparse.csr_matrix
    group: np.ndarray
    counts: np.ndarray

    @classmethod
    def from_matrix(
        cls, matrix: sparse.csr_matrix, weights: np.ndarray | None = None
    ) -> DistinctRows:
        """Find equal rows; ``matrix`` has sorted indices and no duplicate entries."""
        _, first, group = np.unique(_hashes(matrix), return_index=True, return_inverse=True)
        group = group.astype(np.int64)
        # Rows that collide with another row's hash are next to impossible; each becomes a group
        # of its own, which is always correct and costs only the shared work.
        collided = _differing(matrix, first[group])
        group[collided] = len(first) + np.arange(len(collided))
        first = np.concatenate([first, collided])
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        group = rank[group]
        counts = np.bincount(group, weights).astype(np.float32)
        return cls(matrix[first[order]], group, counts)


@dataclass(frozen=True)
class SharedFactors:
    """Factors of users, of whom those with equal entries have the same.

    Parameters
    ----------
    rows: float32, shape (distinct users, factors).
    group: int64, shape (users,): the row of each user; None where each has a row.
    """

    rows: np.ndarray
    group: np.ndarray | None = None

    def of_all(self) -> np.ndarray:
        """float32, shape (users, factors): gigabytes where there are millions of users."""
        return self.rows if self.group is None else self.rows[self.group]


def _hashes(matrix: sparse.csr_matrix) -> np.ndarray:
    """uint64, shape (rows,): the sum of a mixed number for each entry of a row.

    Sums of integers wrap around and so can be taken as differences of one running sum, for rows
    of any length at once.
    """
    columns = np.random.default_rng(0).integers(0, 2**63, matrix.shape[1], dtype=np.uint64)
    bits = np.asarray(matrix.data, dtype=np.float32).view(np.uint32).astype(np.uint64)
    # Mixed before they are summed, so that the sum knows which value belongs to which column.
    # The constants are those of splitmix64.
    mixed = (bits * np.uint64(0x9E3779B97F4A7C15)) ^ columns[matrix.indices]
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    return sums[matrix.indptr[1:]] - sums[matrix.indptr[:-1]]


def _differing(matrix: sparse.csr_matrix, representative: np.ndarray) -> np.ndarray:
    """Rows that are not equal to their representative."""
    lengths = np.diff(matrix.indptr).astype(np.int64)
    wrong = lengths != lengths[representative]
    row = np.repeat(np.arange(len(lengths)), lengths)
    entry = np.arange(len(row)) - matrix.indptr[row] + matrix.indptr[representative[row]]
    # Only rows that are already wrong by their length can point past the end.
    entry = np.minimum(entry, len(row) - 1)
    unequal = (matrix.indices != matrix.indices[entry]) | (matrix.data != matrix.data[entry])
    wrong[row[unequal]] = True
    return np.flatnonzero(wrong)
