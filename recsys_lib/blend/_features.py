"""Features that are products: every base times every factor, without a matrix of all of them.

The blend has weights for r and sqrt(r) of each source, times 1 - g, g and the trend. Kept apart,
they take a third of the memory and of the multiplications.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ROWS = 100_000


@dataclass(frozen=True)
class Features:
    """The features base[:, i] * factor[:, j], in the order of i, then j.

    Parameters
    ----------
    base: float32, shape (rows, bases).
    factor: float32, shape (rows, factors).
    """

    base: np.ndarray
    factor: np.ndarray

    @classmethod
    def plain(cls, matrix: np.ndarray) -> Features:
        """The columns of a matrix."""
        return cls(matrix, np.ones((len(matrix), 1), dtype=np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return len(self.base), self.base.shape[1] * self.factor.shape[1]

    def take(self, rows: np.ndarray) -> Features:
        """Some of the rows: a mask, or positions."""
        return Features(self.base[rows], self.factor[rows])

    def times(self, weights: np.ndarray) -> np.ndarray:
        """The sum of all features of a row, weighted: float32, shape (rows,)."""
        by_factor = weights.astype(np.float32).reshape(self.base.shape[1], -1)
        sums = np.empty(len(self.base), dtype=np.float32)
        for rows in self._blocks():
            np.einsum("ij,ij->i", self.base[rows] @ by_factor, self.factor[rows], out=sums[rows])
        return sums

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of all rows of a feature, weighted by ``values``: float64, shape (features,)."""
        total = np.zeros((self.base.shape[1], self.factor.shape[1]))
        for rows in self._blocks():
            weighed = self.factor[rows] * values[rows, None].astype(np.float32)
            total += self.base[rows].T @ weighed
        return total.ravel()

    def deviations(self) -> np.ndarray:
        """The standard deviation of each feature, float64, shape (features,)."""
        sums = np.zeros((2, self.base.shape[1], self.factor.shape[1]))
        for rows in self._blocks():
            base, factor = self.base[rows], self.factor[rows]
            sums += base.T @ factor, np.square(base).T @ np.square(factor)
        mean, square = (sums / len(self.base)).reshape(2, -1)
        return np.sqrt(np.maximum(square - mean**2, 0))

    def _blocks(self) -> list[slice]:
        return [slice(start, start + _ROWS) for start in range(0, len(self.base), _ROWS)]
