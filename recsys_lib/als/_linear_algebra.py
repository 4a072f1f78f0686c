"""Linear algebra of the exact solver: Gram matrices of tall factors, and small row systems.

Gram matrices and rotations are computed in fixed blocks, so the bits do not depend on the number
of threads. The row systems are compiled: at a few dozen rows, a call into LAPACK costs more than
the system itself.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from recsys_lib.compiled import Workers, blocks, compiled

_BLOCK = 4096  # rows


def to_principal_axes(
    factors: np.ndarray, weights: np.ndarray, workers: Workers
) -> tuple[np.ndarray, np.ndarray]:
    """Rotate ``factors`` in place so that Y' diag(weights) Y becomes diagonal.

    Returns that diagonal and the rotation, float32, shapes (factors,) and (factors, factors).
    """
    spectrum, rotation = linalg.eigh(gram(factors, weights, workers), check_finite=False)
    rotation = np.ascontiguousarray(rotation, dtype=np.float32)
    rotate(factors, rotation, workers)
    # Rounding can make an eigenvalue of a semidefinite matrix slightly negative.
    return np.maximum(spectrum, 0).astype(np.float32), rotation


def gram(factors: np.ndarray, weights: np.ndarray, workers: Workers) -> np.ndarray:
    """Y' diag(weights) Y, float64, shape (factors, factors); ``weights`` is float32 (rows,).

    Each block is multiplied in float32 for speed; the sum over blocks is in float64, so the error
    stays that of one block however many rows there are.
    """
    parts = list(blocks(len(factors), _BLOCK))
    sums = np.empty((len(parts), factors.shape[1], factors.shape[1]), dtype=np.float32)

    def add(part: slice, out: np.ndarray) -> None:
        np.matmul(factors[part].T, factors[part] * weights[part, None], out=out)

    workers.each(add, zip(parts, sums, strict=True))
    return sums.sum(axis=0, dtype=np.float64)


def rotate(factors: np.ndarray, rotation: np.ndarray, workers: Workers) -> None:
    """Replace ``factors`` by ``factors @ rotation``."""

    def rotate_block(part: slice) -> None:
        factors[part] = factors[part] @ rotation

    workers.each(rotate_block, ((part,) for part in blocks(len(factors), _BLOCK)))


@compiled
def products(chosen, system):
    """The lower triangle of M M'."""
    for m in range(len(chosen)):
        n = 0
        # Four cells at a time: each value of row m is loaded once for four dot products.
        while n + 4 <= m + 1:
            p0 = p1 = p2 = p3 = np.float32(0.0)
            for f in range(chosen.shape[1]):
                value = chosen[m, f]
                p0 += value * chosen[n, f]
                p1 += value * chosen[n + 1, f]
                p2 += value * chosen[n + 2, f]
                p3 += value * chosen[n + 3, f]
            system[m, n], system[m, n + 1] = p0, p1
            system[m, n + 2], system[m, n + 3] = p2, p3
            n += 4
        for rest in range(n, m + 1):
            p0 = np.float32(0.0)
            for f in range(chosen.shape[1]):
                p0 += chosen[m, f] * chosen[rest, f]
            system[m, rest] = p0


@compiled
def weigh(system, weights, a):
    """Turn M M' into I + r M M' r with r = sqrt(W), and ``a`` into a / r.

    I + W M M' is not symmetric. Scaled by r from both sides it is symmetric positive definite, so
    Cholesky applies.
    """
    for m in range(len(weights)):
        root = np.sqrt(weights[m])
        for n in range(m):
            value = root * np.sqrt(weights[n]) * system[m, n]
            system[m, n] = value
            system[n, m] = value
        system[m, m] = 1 + weights[m] * system[m, m]
        a[m] /= root


@compiled
def solve_weighed(factor, weights, a):
    """Replace b / r by the solution a = r z, given the Cholesky factor of the weighed system."""
    substitute(factor, a)
    for m in range(len(weights)):
        a[m] *= np.sqrt(weights[m])


@compiled
def solve_general(chosen, weights, a):
    """Replace b by the solution ``a`` where a weight is 0 or negative (a confidence up to 1).

    The system has no symmetric form then: Gaussian elimination with partial pivoting, in float64
    because its condition number has no bound.
    """
    k = len(weights)
    product, system, right = np.dot(chosen, chosen.T), np.empty((k, k)), np.empty(k)
    for m in range(k):
        right[m] = a[m]
        for n in range(k):
            system[m, n] = weights[m] * product[m, n] + (m == n)
    for column in range(k):
        _swap_in_pivot(system, right, column)
        for m in range(column + 1, k):
            share = system[m, column] / system[column, column]
            right[m] -= share * right[column]
            for n in range(column + 1, k):
                system[m, n] -= share * system[column, n]
    for m in range(k - 1, -1, -1):
        for n in range(m + 1, k):
            right[m] -= system[m, n] * right[n]
        right[m] /= system[m, m]
        a[m] = right[m]


@compiled
def _swap_in_pivot(system, right, column):
    pivot = column
    for m in range(column + 1, len(right)):
        if abs(system[m, column]) > abs(system[pivot, column]):
            pivot = m
    if pivot != column:
        right[column], right[pivot] = right[pivot], right[column]
        for n in range(column, len(right)):
            system[column, n], system[pivot, n] = system[pivot, n], system[column, n]


@compiled
def factorize(system):
    """Replace the lower triangle of a symmetric system by its Cholesky factor."""
    for m in range(len(system)):
        for n in range(m + 1):
            value = system[m, n]
            for f in range(n):
                value -= system[m, f] * system[n, f]
            system[m, n] = np.sqrt(value) if m == n else value / system[n, n]


@compiled
def substitute(factor, a):
    """Replace ``a`` by the solution, given the Cholesky factor in the lower triangle."""
    for m in range(len(a)):
        value = a[m]
        for n in range(m):
            value -= factor[m, n] * a[n]
        a[m] = value / factor[m, m]
    for m in range(len(a) - 1, -1, -1):
        a[m] /= factor[m, m]
        for n in range(m):
            a[n] -= factor[m, n] * a[m]
