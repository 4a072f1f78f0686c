"""Which items people take after which, and which together: sparse item-to-item weights.

Every pair of items in a history counts, less the farther apart they are: half for every
``HALF_DISTANCE`` items between them, and less in long histories, whose pairs say little (divided
by log2(1 + length)). Pairs farther apart than ``WINDOW`` items do not count.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_lib.blend.histories import Histories

HALF_DISTANCE = 10.0
WINDOW = 50
KEPT = 500
"""Neighbours that are kept of each item, the strongest."""


def pair_counts(histories: Histories) -> sparse.csr_matrix:
    """float32, shape (items, items): the weight of pairs (a, b) where b was taken after a."""
    person, items, liked = histories.person, histories.items, histories.confidences > 0
    discount = (1 / np.log2(1 + np.maximum(histories.lengths, 1))).astype(np.float32)
    shape = (histories.n_items, histories.n_items)
    counts = sparse.csr_matrix(shape, dtype=np.float32)
    for distance in range(1, min(WINDOW, len(items) - 1) + 1):
        same = (person[distance:] == person[:-distance]) & liked[distance:] & liked[:-distance]
        weights = discount[person[distance:][same]] * np.float32(
            0.5 ** ((distance - 1) / HALF_DISTANCE)
        )
        pairs = (items[:-distance][same], items[distance:][same])
        counts = counts + sparse.csr_matrix((weights, pairs), shape=shape)
    return counts


def successors(counts: sparse.csr_matrix, popularity: np.ndarray) -> sparse.csr_matrix:
    """What is taken after an item: counts / (popularity before^0.5 popularity after^0.1)."""
    return _strongest(_scaled(counts, popularity, 0.5, 0.1), KEPT)


def companions(counts: sparse.csr_matrix, popularity: np.ndarray) -> sparse.csr_matrix:
    """What is taken with an item, in any order: a cosine of weighted co-occurrence."""
    return _strongest(_scaled(counts + counts.T, popularity, 0.5, 0.5), KEPT)


def _scaled(
    counts: sparse.csr_matrix, popularity: np.ndarray, before: float, after: float
) -> sparse.csr_matrix:
    people = np.maximum(popularity, 1).astype(np.float32)
    scaled = sparse.diags(people**-before) @ counts @ sparse.diags(people**-after)
    return sparse.csr_matrix(scaled, dtype=np.float32)


def _strongest(matrix: sparse.csr_matrix, n: int) -> sparse.csr_matrix:
    """The n largest values of each row."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, row))
    place = np.arange(len(order)) - matrix.indptr[row]
    kept = order[place < n]
    return sparse.csr_matrix(
        (matrix.data[kept], (row[kept], matrix.indices[kept])), shape=matrix.shape
    )
