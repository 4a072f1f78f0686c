"""Rows that occur several times: solved once, counted as often as they are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class DistinctRows:
    """A matrix without repeated rows.

    Parameters
    ----------
    rows: float32 CSR, each row once, in the order of first occurrence.
    group: int64, shape (original rows,): which of ``rows`` an original row equals.
    counts: float32, shape (rows,): how often a row was there, or the sum of the weights.
    """

    rows: sparse.csr_matrix
    group: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, matrix: sparse.csr_matrix, weights: np.ndarray | None = None) -> DistinctRows:
        """Find equal rows; the matrix has sorted indices and no entry twice."""
        _, first, group = np.unique(_hashes(matrix), return_index=True, return_inverse=True)
        group = group.astype(np.int64)
        different = _differing(matrix, first[group])
        # Two rows with one hash are next to impossible; they get places of their own.
        group[different] = len(first) + np.arange(len(different))
        first = np.concatenate([first, different])
        order = np.argsort(first)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        group = rank[group]
        counts = np.bincount(group, weights).astype(np.float32)
        return cls(matrix[first[order]], group, counts)


def _hashes(matrix: sparse.csr_matrix) -> np.ndarray:
    """uint64, shape (rows,): the sum of a mixed number for each entry of a row."""
    columns = np.random.default_rng(0).integers(0, 2**63, matrix.shape[1], dtype=np.uint64)
    bits = np.asarray(matrix.data, dtype=np.float32).view(np.uint32).astype(np.uint64)
    mixed = (bits * np.uint64(0x9E3779B97F4A7C15)) ^ columns[matrix.indices]
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(mixed, dtype=np.uint64)])
    return sums[matrix.indptr[1:]] - sums[matrix.indptr[:-1]]


def _differing(matrix: sparse.csr_matrix, representative: np.ndarray) -> np.ndarray:
    """Rows that are not equal to their representative."""
    lengths = np.diff(matrix.indptr).astype(np.int64)
    wrong = lengths != lengths[representative]
    row = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(row)) - matrix.indptr[row] + matrix.indptr[representative[row]]
    place = np.minimum(place, len(row) - 1)  # of rows that are wrong by their length
    entries = (matrix.indices != matrix.indices[place]) | (matrix.data != matrix.data[place])
    wrong[row[entries]] = True
    return np.flatnonzero(wrong)
