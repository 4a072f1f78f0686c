"""Vectors for histories that the training has not seen: one exact solution, without training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

from recsys_lib.als.products import gram
from recsys_lib.als.solver import Penalty
from recsys_lib.workers import Workers


@dataclass(frozen=True)
class FoldIn:
    """Solves for users, given the factors of all items.

    Parameters
    ----------
    item_factors: float32, shape (items, factors).
    penalty: as in the training.
    spectrum, axes: eigenvalues of Y'Y and its eigenvectors as columns, float64; shapes (factors,)
        and (factors, factors).
    """

    item_factors: np.ndarray
    penalty: Penalty
    spectrum: np.ndarray
    axes: np.ndarray

    @cached_property
    def _rotated(self) -> np.ndarray:
        """The item factors along the axes, float32: once for all rows."""
        return (self.item_factors @ self.axes).astype(np.float32)

    @classmethod
    def of(cls, item_factors: np.ndarray, penalty: Penalty) -> FoldIn:
        """Prepare, once for a model."""
        ones = np.ones(len(item_factors), dtype=np.float32)
        spectrum, axes = linalg.eigh(gram(item_factors, ones, Workers(None)), check_finite=False)
        return cls(item_factors, penalty, np.maximum(spectrum, 0), axes)

    def solve(self, confidence: sparse.csr_matrix) -> np.ndarray:
        """float32 factors, shape (rows, factors), of rows of confidences, shape (rows, items).

        A negative confidence is one that the preference is 0, as in the training.
        """
        out = np.empty((confidence.shape[0], len(self.spectrum)), dtype=np.float32)
        for row, (start, stop) in enumerate(
            zip(confidence.indptr[:-1], confidence.indptr[1:], strict=True)
        ):
            out[row] = self._solve(confidence.indices[start:stop], confidence.data[start:stop])
        return out

    def _solve(self, items: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """The equations of ``kernels``, in float64 and one row at a time."""
        certainty = np.abs(confidence).astype(np.float64)
        weights, targets = certainty - 1, np.where(confidence > 0, certainty, 0)
        regularization = self.penalty.of_rows(weights.sum(), len(self.item_factors))
        scale = 1 / np.sqrt(self.spectrum + regularization)
        chosen = self._rotated[items] * scale
        if len(items) <= len(scale):
            system = np.eye(len(items)) + weights[:, None] * (chosen @ chosen.T)
            t = chosen.T @ np.linalg.solve(system, targets)
        else:
            system = np.eye(len(scale)) + (chosen.T * weights) @ chosen
            t = np.linalg.solve(system, chosen.T @ targets)
        return self.axes @ (scale * t)
