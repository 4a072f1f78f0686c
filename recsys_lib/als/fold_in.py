"""Fold-in: factors of users for histories that the training has not seen.

One exact least-squares solution given the item factors; nothing is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

from recsys_lib.als._linear_algebra import gram, rotate
from recsys_lib.als.confidences import liked
from recsys_lib.als.solver import Penalty, Side
from recsys_lib.compiled import Workers, blocks

_FEW = 1_000
"""Items that are rotated by themselves: all of 92,000 take a third of a second."""
_BLOCK_CELLS = 1 << 20  # of the factors of histories that are solved at once: 8 MB


@dataclass(frozen=True)
class FoldIn:
    """Solves for user factors, given the factors of all items.

    A stored confidence of 0 (seen, not liked) is ignored; a negative one means preference 0, as in
    the training.

    Parameters
    ----------
    item_factors : numpy.ndarray
        float32, shape (items, factors).
    penalty : Penalty
        As in the training.
    spectrum, axes : numpy.ndarray
        Eigenvalues of Y'Y, and its eigenvectors as columns; float64, shapes (factors,) and
        (factors, factors).

    Examples
    --------
    Two kinds of items; who took an item of the second kind gets a vector that points there.

    >>> item_factors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    >>> fold_in = FoldIn.from_item_factors(item_factors, Penalty(regularization=1.0))
    >>> history = sparse.csr_matrix(np.array([[0, 0, 8]], dtype=np.float32))
    >>> fold_in.solve(history).round(2) + 0
    array([[0.  , 0.89]], dtype=float32)
    """

    item_factors: np.ndarray
    penalty: Penalty
    spectrum: np.ndarray
    axes: np.ndarray

    @classmethod
    def from_item_factors(cls, item_factors: np.ndarray, penalty: Penalty) -> FoldIn:
        """Prepare once per model."""
        ones = np.ones(len(item_factors), dtype=np.float32)
        spectrum, axes = linalg.eigh(gram(item_factors, ones, Workers(None)), check_finite=False)
        # Rounding can make an eigenvalue of a semidefinite matrix slightly negative.
        return cls(item_factors, penalty, np.maximum(spectrum, 0), axes)

    def solve(self, confidences: sparse.csr_matrix) -> np.ndarray:
        """Factors of histories, float32 (rows, factors), in float64; see :meth:`solve_many`, too.

        ``confidences`` has the shape (rows, items).
        """
        known = liked(confidences)
        lengths = np.diff(known.indptr)
        out = np.zeros((len(lengths), len(self.spectrum)), dtype=np.float32)
        for length in np.unique(lengths[lengths > 0]):
            rows = np.flatnonzero(lengths == length)
            for part in blocks(len(rows), max(1, _BLOCK_CELLS // (length * len(self.spectrum)))):
                some = rows[part]
                entries = known.indptr[some][:, None] + np.arange(length)
                out[some] = self._solve_equal(known.indices[entries], known.data[entries])
        return out

    def _solve_equal(self, items: np.ndarray, confidences: np.ndarray) -> np.ndarray:
        """Factors of histories of one length, without zeros; both (rows, entries)."""
        scale, chosen, weights, targets = self._equations(items, confidences)
        if items.shape[1] <= scale.shape[1]:
            system = np.eye(items.shape[1]) + weights[:, :, None] * (chosen @ chosen.mT)
            solved = np.linalg.solve(system, targets[..., None])
            t = (chosen.mT @ solved)[..., 0]
        else:
            system = np.eye(scale.shape[1]) + (chosen.mT * weights[:, None]) @ chosen
            t = np.linalg.solve(system, chosen.mT @ targets[..., None])[..., 0]
        return ((scale * t) @ self.axes.T).astype(np.float32)

    def solve_one(self, items: np.ndarray, confidences: np.ndarray) -> np.ndarray:
        """Factors of one history, float32 (factors,): rows of items, and a confidence for each.

        The equations are those of ``_kernels``, in float64.
        """
        nonzero = confidences != 0
        if not nonzero.any():
            return np.zeros(len(self.spectrum), dtype=np.float32)
        (found,) = self._solve_equal(items[nonzero][None], confidences[nonzero][None])
        return np.asarray(found)

    def contributions(
        self, items: np.ndarray, confidences: np.ndarray, of: np.ndarray
    ) -> np.ndarray:
        """What each entry of one history adds to the scores of the items ``of``.

        ``items`` and ``confidences`` are the history. float64, shape (of, entries): the vector is
        linear in the targets b, so every row adds up to the score of an item.
        """
        (scale,), (chosen,), (weights,), (targets,) = self._equations(
            items[None], confidences[None]
        )
        system = np.eye(len(scale)) + (chosen.T * weights) @ chosen
        return (self._in_axes(of) * scale) @ np.linalg.solve(system, chosen.T) * targets

    def solve_many(self, confidences: sparse.csr_matrix) -> np.ndarray:
        """Like :meth:`solve`, on all cores by the compiled solver of the training.

        Equal to :meth:`solve` within the rounding of float32.
        """
        fixed = np.array(self.item_factors, dtype=np.float32, order="C")  # is rotated in place
        vectors = np.empty((confidences.shape[0], fixed.shape[1]), dtype=np.float32)
        columns = np.ones(len(fixed), dtype=np.float32)
        side = Side(liked(confidences), vectors, columns, self.penalty)
        with Workers.started() as workers:
            rotation = side.solve(fixed, workers)
            rotate(vectors, np.ascontiguousarray(rotation.T), workers)
        return vectors

    def _equations(
        self, items: np.ndarray, confidences: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """sqrt(D), M, W and b of ``_kernels``, float64; W and b are 0 for a confidence of 0.

        Of histories of one length: shapes (rows, factors), (rows, entries, factors), and twice
        (rows, entries).
        """
        certainty = np.abs(confidences).astype(np.float64)
        weights = np.where(confidences != 0, certainty - 1, 0)
        targets = np.where(confidences > 0, certainty, 0)
        regularization = self.penalty.per_row(weights.sum(axis=1), len(self.item_factors))
        scale = 1 / np.sqrt(self.spectrum + regularization[:, None])
        return scale, self._in_axes(items) * scale[:, None], weights, targets

    def _in_axes(self, items: np.ndarray) -> np.ndarray:
        """Factors of items in the principal axes, float32, shape (*items.shape, factors)."""
        if items.size > _FEW:
            return self._rotated[items]
        return (self.item_factors[items] @ self.axes).astype(np.float32)

    @cached_property
    def _rotated(self) -> np.ndarray:
        """Those of all items: once for all histories."""
        return (self.item_factors @ self.axes).astype(np.float32)
