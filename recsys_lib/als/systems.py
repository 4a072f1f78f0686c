"""Small symmetric systems, compiled: built from a row's factors, and solved by Cholesky."""

from __future__ import annotations

import numpy as np

from recsys_lib.compiled import compiled


@compiled
def products(chosen, system):
    """The lower triangle of M M', four cells of a row at a time."""
    for m in range(len(chosen)):
        n = 0
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
    """With r = sqrt(W) make I + r M M' r of M M', and b / r of ``a``."""
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
    """Replace b / r by a = r z, given the Cholesky factor of that system."""
    substitute(factor, a)
    for m in range(len(weights)):
        a[m] *= np.sqrt(weights[m])


@compiled
def solve_general(chosen, weights, a):
    """Replace b by a where W is not positive, as with confidences of 1 and less.

    Elimination with pivots, in float64.
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
