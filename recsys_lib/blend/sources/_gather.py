"""Compiled gathering of small dense systems out of a sparse symmetric matrix."""

from __future__ import annotations

import numpy as np

from recsys_lib.compiled import compiled


@compiled
def gather_blocks(indptr, indices, data, support_indptr, support, items, size):
    """For each of ``items`` the matrix among its support, and the column of the item itself.

    ``indptr``, ``indices``, ``data`` are the CSR of the matrix (n, n); the support of item j is
    support[support_indptr[j] : support_indptr[j + 1]], at most ``size`` items. Returns float32
    (items, size, size) and (items, size); unused places have 0.
    """
    systems = np.zeros((len(items), size, size), np.float32)
    targets = np.zeros((len(items), size), np.float32)
    place = np.full(len(indptr) - 1, -1, np.int32)
    for number in range(len(items)):
        item = items[number]
        start = support_indptr[item]
        n = support_indptr[item + 1] - start
        for p in range(n):
            place[support[start + p]] = p
        for p in range(n):
            row = support[start + p]
            for entry in range(indptr[row], indptr[row + 1]):
                column = place[indices[entry]]
                if column >= 0:
                    systems[number, p, column] = data[entry]
                elif indices[entry] == item:
                    targets[number, p] = data[entry]
        for p in range(n):
            place[support[start + p]] = -1
    return systems, targets
