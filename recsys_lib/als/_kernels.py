"""Compiled code that solves all rows of one side of ALS exactly, each in the smaller space.

For a row with items S, confidences c and the fixed factors Y, the minimum over x of

    sum over all items of c_i (p_i - x y_i)^2 + lambda |x|^2

solves (Y'Y + lambda I + Y_S' W Y_S) x = Y_S' b, with W = diag(c - 1), and b = c where the
preference p is 1, else 0. The factors arrive rotated so that Y'Y is diagonal. Then
D = (Y'Y + lambda I)^-1 is diagonal too, costs nothing to invert, and every row can have a lambda
of its own. With M = Y_S sqrt(D), the solution is x = sqrt(D) t, where t solves either of two
equivalent systems (Woodbury identity):

    short rows:  t = M' a with (I + W M M') a = b,   one equation per entry of the row
    long rows:   (I + M' W M) t = M' b,              one equation per factor

For W >= 0, M M' <= I bounds both condition numbers by 1 + max(W), so float32 is precise enough.
The minimum itself is sum(b p) - b M t: the objective comes almost for free.

References: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008),
for the objective; Woodbury, "Inverting Modified Matrices" (1950), for the identity.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recsys_lib.als._linear_algebra import (
    factorize,
    products,
    solve_general,
    solve_weighed,
    substitute,
    weigh,
)
from recsys_lib.compiled import compiled

_BLAS_FROM = 24  # entries; for shorter rows a call into BLAS costs more than it saves
_CHUNK = 256  # entries of a long row gathered at once, so that they stay in the cache


class Rows(NamedTuple):
    """The rows to solve.

    Parameters
    ----------
    indptr, indices: as in CSR.
    weights, targets: float32, per entry: W and b, each times the weight of its column.
    regularization: float32, lambda of each row.
    """

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    targets: np.ndarray
    regularization: np.ndarray


class Solutions(NamedTuple):
    """Output of the kernels, one row each.

    Parameters
    ----------
    factors: float32, shape (rows, factors): x.
    minima: float64: the sum over all items of c (p - x y)^2, plus lambda |x|^2.
    norms: float64: lambda |x|^2.
    """

    factors: np.ndarray
    minima: np.ndarray
    norms: np.ndarray


class _Scratch(NamedTuple):
    """Buffers for one row at a time, reused: M, the system, a, t, and sqrt(D)."""

    chosen: np.ndarray
    system: np.ndarray
    coefficients: np.ndarray
    solution: np.ndarray
    scale: np.ndarray


@compiled
def solve_short_rows(mine, rows, fixed, spectrum, solutions):
    """Solve the rows ``mine``, none of them empty, each by a system as large as the row.

    ``fixed`` is the rotated Y, shape (columns, factors); ``spectrum`` is the diagonal of Y'Y.
    """
    longest = 1
    for row in mine:
        longest = max(longest, rows.indptr[row + 1] - rows.indptr[row])
    scratch = _Scratch(
        np.empty((longest, fixed.shape[1]), np.float32),
        np.empty((_BLAS_FROM, _BLAS_FROM), np.float32),
        np.empty(longest, np.float32),
        np.empty(fixed.shape[1], np.float32),
        np.empty(fixed.shape[1], np.float32),
    )
    scaled_for = np.float32(np.nan)
    for row in mine:
        # Without frequency scaling all rows share one lambda: scale once, not per row.
        if rows.regularization[row] != scaled_for:
            scaled_for = rows.regularization[row]
            _scale(spectrum, scaled_for, scratch.scale)
        if rows.indptr[row + 1] - rows.indptr[row] == 1:
            _solve_single(row, rows, fixed, scratch.scale, solutions)
        else:
            _solve_short(row, rows, fixed, scratch, solutions)


@compiled
def _scale(spectrum, regularization, scale):
    for f in range(len(scale)):
        scale[f] = np.float32(1.0) / np.sqrt(spectrum[f] + regularization)


@compiled
def _solve_single(row, rows, fixed, scale, solutions):
    # Most users have one item, and then the system is a single number.
    n = rows.indptr[row]
    i, w, b = rows.indices[n], rows.weights[n], rows.targets[n]
    square = np.float32(0.0)
    for f in range(len(scale)):
        y = scale[f] * fixed[i, f]
        square += y * y
    a = b / (np.float32(1.0) + w * square)
    norm = np.float32(0.0)
    for f in range(len(scale)):
        x = a * scale[f] * scale[f] * fixed[i, f]
        norm += x * x
        solutions.factors[row, f] = x
    solutions.minima[row] = b * (1 - a * square)
    solutions.norms[row] = rows.regularization[row] * norm


@compiled
def _solve_short(row, rows, fixed, scratch, solutions):
    start, stop = rows.indptr[row], rows.indptr[row + 1]
    weights, targets = rows.weights[start:stop], rows.targets[start:stop]
    chosen, a = scratch.chosen[: stop - start], scratch.coefficients[: stop - start]
    _gather(rows.indices[start:stop], fixed, scratch.scale, chosen)
    least = np.float32(np.inf)
    for n in range(len(a)):
        a[n], least = targets[n], min(least, weights[n])
    if least <= 0:  # sqrt(W) does not exist, or is no divisor
        solve_general(chosen, weights, a)
    elif len(a) < _BLAS_FROM:
        products(chosen, scratch.system)
        weigh(scratch.system, weights, a)
        factorize(scratch.system[: len(a), : len(a)])
        solve_weighed(scratch.system, weights, a)
    else:
        system = np.dot(chosen, chosen.T)
        weigh(system, weights, a)
        solve_weighed(np.linalg.cholesky(system), weights, a)
    solution, minimum = scratch.solution, 0.0
    solution.fill(0)
    for n in range(len(a)):  # t = M' a
        for f in range(len(solution)):
            solution[f] += a[n] * chosen[n, f]
    for n in range(len(a)):  # sum(b p) - b M t, where a positive b means p = 1
        score = np.float32(0.0)
        for f in range(len(solution)):
            score += chosen[n, f] * solution[f]
        minimum += targets[n] * (1 - score)
    _store(row, rows, scratch.scale, solution, minimum, solutions)


@compiled
def _gather(indices, fixed, scale, chosen):
    for n in range(len(indices)):
        i = indices[n]
        for f in range(len(scale)):
            chosen[n, f] = scale[f] * fixed[i, f]


@compiled
def _store(row, rows, scale, solution, minimum, solutions):
    norm = np.float32(0.0)
    for f in range(len(scale)):
        x = scale[f] * solution[f]
        norm += x * x
        solutions.factors[row, f] = x
    solutions.minima[row] = minimum
    solutions.norms[row] = rows.regularization[row] * norm


@compiled
def solve_long_rows(mine, rows, fixed, spectrum, solutions):
    """The same for rows with more entries than factors, by a system as large as the factors."""
    factors = fixed.shape[1]
    chosen = np.empty((_CHUNK, factors), np.float32)
    weighted = np.empty((_CHUNK, factors), np.float32)
    product = np.empty((factors, factors), np.float32)
    scale = np.empty(factors, np.float32)
    for row in mine:
        _scale(spectrum, rows.regularization[row], scale)
        _solve_long(row, rows, fixed, scale, chosen, weighted, product, solutions)


@compiled
def _solve_long(row, rows, fixed, scale, chosen, weighted, product, solutions):
    factors, minimum = len(scale), 0.0
    system, right = np.eye(factors, dtype=np.float32), np.zeros(factors, np.float32)
    for start in range(rows.indptr[row], rows.indptr[row + 1], _CHUNK):
        k = min(_CHUNK, rows.indptr[row + 1] - start)
        _gather(rows.indices[start : start + k], fixed, scale, chosen)
        for n in range(k):
            w, b = rows.weights[start + n], rows.targets[start + n]
            minimum += b
            for f in range(factors):
                weighted[n, f] = w * chosen[n, f]
                right[f] += b * chosen[n, f]
        np.dot(chosen[:k].T, weighted[:k], product)
        for f in range(factors):
            for g in range(factors):
                system[f, g] += product[f, g]
    solution = right.copy()
    substitute(np.linalg.cholesky(system), solution)
    for f in range(factors):
        minimum -= right[f] * solution[f]
    _store(row, rows, scale, solution, minimum, solutions)
