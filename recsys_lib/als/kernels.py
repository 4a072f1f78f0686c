"""Compiled least-squares solutions for the rows of one side, the other side fixed.

For a row with the items S, confidences c and the fixed factors Y the minimum of

    sum over all items of c_i (p_i - x y_i)^2 + lambda |x|^2

solves (G + Y_S' W Y_S) x = Y_S' b with G = Y'Y + lambda I, W = diag(c - 1) and b = c where the
preference p is 1 (Hu, Koren, Volinsky 2008). By the Woodbury identity, with Z = Y G^-1 and
K = Z_S Y_S', this is x = Z_S' a where (I + W K) a = b: a system as small as the row. A row of one
item is a formula; only long rows need the system of all factors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np

_SMALL = 8  # larger systems are worth a call of BLAS and LAPACK
_MATH = {"contract", "reassoc"}  # sums may be vectorized; NaN and infinity stay what they are


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return nb.njit(cache=True, nogil=True, fastmath=_MATH)(function)


def _in_parallel(function: Callable[..., Any]) -> Callable[..., Any]:
    return nb.njit(cache=True, nogil=True, fastmath=_MATH, parallel=True)(function)


@_in_parallel
def solve_short_rows(rows, indptr, indices, weights, targets, fixed, solved, out):
    """Write the solutions of ``rows`` into ``out``, float32, shape (all rows, factors).

    ``weights`` are c - 1 and ``targets`` are b, one for each entry; ``fixed`` is Y and ``solved``
    is Z. Systems are solved in float64 by elimination with pivots.
    """
    factors = fixed.shape[1]
    for r in nb.prange(len(rows)):
        row = rows[r]
        start, k = indptr[row], indptr[row + 1] - indptr[row]
        if k == 0:
            out[row, :] = 0.0
        elif k == 1:
            i = indices[start]
            dot = np.float32(0.0)
            for f in range(factors):
                dot += fixed[i, f] * solved[i, f]
            a = np.float32(targets[start] / (1.0 + weights[start] * dot))
            for f in range(factors):
                out[row, f] = a * solved[i, f]
        else:
            _solve_short(row, indptr, indices, weights, targets, fixed, solved, out)


@_compiled
def _solve_short(row, indptr, indices, weights, targets, fixed, solved, out):
    start, k, factors = indptr[row], indptr[row + 1] - indptr[row], fixed.shape[1]
    a = targets[start : start + k].astype(np.float64)
    if k <= _SMALL:
        system = np.empty((k, k), np.float64)
        for m in range(k):
            for n in range(k):
                i, j = indices[start + m], indices[start + n]
                dot = np.float32(0.0)
                for f in range(factors):
                    dot += fixed[i, f] * solved[j, f]
                system[m, n] = weights[start + m] * dot
            system[m, m] += 1.0
        _eliminate(system, a)
    else:
        a = _solve_by_blas(start, k, indices, weights, a, fixed, solved)
    for f in range(factors):
        out[row, f] = 0.0
    for n in range(k):
        i, scale = indices[start + n], np.float32(a[n])
        for f in range(factors):
            out[row, f] += scale * solved[i, f]


@_compiled
def _solve_by_blas(start, k, indices, weights, a, fixed, solved):
    factors = fixed.shape[1]
    mine, theirs = np.empty((k, factors), np.float32), np.empty((k, factors), np.float32)
    for n in range(k):
        i = indices[start + n]
        for f in range(factors):
            mine[n, f] = weights[start + n] * fixed[i, f]
            theirs[n, f] = solved[i, f]
    system = np.dot(mine, theirs.T).astype(np.float64)
    for n in range(k):
        system[n, n] += 1.0
    return np.linalg.solve(system, a)


@_compiled
def _eliminate(system, a):
    """Replace ``a`` by the solution of a small system, by elimination with pivots."""
    k = len(a)
    for column in range(k):
        pivot = column
        for m in range(column + 1, k):
            if abs(system[m, column]) > abs(system[pivot, column]):
                pivot = m
        if pivot != column:
            for n in range(k):
                system[column, n], system[pivot, n] = system[pivot, n], system[column, n]
            a[column], a[pivot] = a[pivot], a[column]
        for m in range(column + 1, k):
            share = system[m, column] / system[column, column]
            for n in range(column + 1, k):
                system[m, n] -= share * system[column, n]
            a[m] -= share * a[column]
    for m in range(k - 1, -1, -1):
        for n in range(m + 1, k):
            a[m] -= system[m, n] * a[n]
        a[m] /= system[m, m]


@_in_parallel
def solve_long_rows(rows, indptr, indices, weights, targets, fixed, gram, out):
    """The same for rows with more entries than factors, by the system of all factors.

    ``gram`` is G in float64.
    """
    for r in nb.prange(len(rows)):
        _solve_long(rows[r], indptr, indices, weights, targets, fixed, gram, out)


@_compiled
def _solve_long(row, indptr, indices, weights, targets, fixed, gram, out):
    start, k, factors = indptr[row], indptr[row + 1] - indptr[row], fixed.shape[1]
    chosen, weighted = np.empty((k, factors), np.float32), np.empty((k, factors), np.float32)
    side = np.zeros(factors, np.float64)
    for n in range(k):
        i, w, b = indices[start + n], weights[start + n], targets[start + n]
        for f in range(factors):
            chosen[n, f] = fixed[i, f]
            weighted[n, f] = w * fixed[i, f]
            side[f] += b * fixed[i, f]
    system = gram + np.dot(chosen.T, weighted)
    solution = np.linalg.solve(system, side)
    for f in range(factors):
        out[row, f] = solution[f]


@_in_parallel
def scores(rows, columns, row_factors, column_factors):
    """x y for each (row, column), float64."""
    out = np.empty(len(rows), np.float64)
    for n in nb.prange(len(rows)):
        dot = np.float32(0.0)
        for f in range(row_factors.shape[1]):
            dot += row_factors[rows[n], f] * column_factors[columns[n], f]
        out[n] = dot
    return out
