"""Products of a tall matrix of factors, in blocks: the same bits for any number of threads.

BLAS works on one block at a time, the blocks of all threads side by side; a Gram matrix is summed
over blocks in float64, which keeps the error of float32 at that of a single block.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from scipy import linalg

from recsys_lib.als.systems import in_parallel

_BLOCK = 4096  # rows


def to_principal_axes(factors: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotate ``factors`` in place, so that Y' diag(weights) Y becomes diagonal.

    Returns that diagonal and the rotation, float32, shapes (factors,) and (factors, factors).
    """
    spectrum, rotation = linalg.eigh(gram(factors, weights), check_finite=False)
    rotation = rotation.astype(np.float32)
    rotate(factors, rotation)
    return np.maximum(spectrum, 0).astype(np.float32), rotation


def gram(factors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Y' diag(weights) Y, float64, shape (factors, factors); ``weights`` is float32 (rows,)."""
    return _grams(factors, weights).sum(axis=0, dtype=np.float64)


@in_parallel
def _grams(factors, weights):
    blocks = (len(factors) + _BLOCK - 1) // _BLOCK
    out = np.empty((blocks, factors.shape[1], factors.shape[1]), np.float32)
    for b in nb.prange(blocks):
        block = factors[b * _BLOCK : (b + 1) * _BLOCK]
        weighted = np.empty_like(block)
        for row in range(len(block)):
            weight = weights[b * _BLOCK + row]
            for f in range(block.shape[1]):
                weighted[row, f] = weight * block[row, f]
        np.dot(block.T, weighted, out[b])
    return out


@in_parallel
def rotate(factors, rotation):
    """Replace ``factors`` by ``factors @ rotation``."""
    blocks = (len(factors) + _BLOCK - 1) // _BLOCK
    for b in nb.prange(blocks):
        block = factors[b * _BLOCK : (b + 1) * _BLOCK]
        block[:] = np.dot(block, rotation)
