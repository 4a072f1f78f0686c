"""Products of a tall matrix of factors, in blocks: the same bits for any number of threads.

A Gram matrix is summed over blocks in float64, which keeps the error of float32 at that of a
single block.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from recsys_lib.workers import Workers, blocks

_BLOCK = 4096  # rows


def to_principal_axes(
    factors: np.ndarray, weights: np.ndarray, workers: Workers
) -> tuple[np.ndarray, np.ndarray]:
    """Rotate ``factors`` in place, so that Y' diag(weights) Y becomes diagonal.

    Returns that diagonal and the rotation, float32, shapes (factors,) and (factors, factors).
    """
    spectrum, rotation = linalg.eigh(gram(factors, weights, workers), check_finite=False)
    rotation = np.ascontiguousarray(rotation, dtype=np.float32)
    rotate(factors, rotation, workers)
    return np.maximum(spectrum, 0).astype(np.float32), rotation


def gram(factors: np.ndarray, weights: np.ndarray, workers: Workers) -> np.ndarray:
    """Y' diag(weights) Y, float64, shape (factors, factors); ``weights`` is float32 (rows,)."""
    parts = list(blocks(len(factors), _BLOCK))
    sums = np.empty((len(parts), factors.shape[1], factors.shape[1]), dtype=np.float32)

    def add(part: slice, out: np.ndarray) -> None:
        np.matmul(factors[part].T, factors[part] * weights[part, None], out=out)

    workers.each(add, zip(parts, sums, strict=True))
    return sums.sum(axis=0, dtype=np.float64)


def rotate(factors: np.ndarray, rotation: np.ndarray, workers: Workers) -> None:
    """Replace ``factors`` by ``factors @ rotation``."""

    def turn(part: slice) -> None:
        factors[part] = factors[part] @ rotation

    workers.each(turn, ((part,) for part in blocks(len(factors), _BLOCK)))
