"""EASE: a linear model that predicts each item from all others, exact or sparse.

With the Gram matrix G = X'X of the users' items, the weights of item j minimize
|X_j - X w|^2 + lambda |w|^2 with w_j = 0.
Reference: Steck, "Embarrassingly shallow autoencoders for sparse data" (2019).

The exact solution inverts G: memory grows with the square of the items, time with the cube. For
large catalogues w is restricted to the neighbours of j, for which w = (G_NN + lambda I)^-1 G_Nj.
That is one column of a sparse approximate inverse, as in Spišák et al., "Scalable approximate
nonsymmetric autoencoder for collaborative filtering" (2023), solved exactly on its support.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import linalg, sparse

from recsys_lib.blend.sources.base import Training
from recsys_lib.blend.sources.item_weights import KEPT, ItemWeights, taken
from recsys_lib.compiled import compiled
from recsys_lib.ranking import in_blocks, keep_largest

NEIGHBOURS = 128
"""Items that an item is predicted from, where the exact solution does not fit."""
_STRENGTH, _WEAKEST = 3.0, 10.0


@dataclass(frozen=True)
class Ease(ItemWeights):
    """Weights of EASE, the ``KEPT`` largest of each item."""

    name = "ease"

    @classmethod
    def train(cls, training: Training) -> Self:
        """Solve exactly up to ``training.options.exact_items`` items, else on neighbours."""
        user_items = training.once(taken)
        strength = default_regularization(user_items)
        if user_items.shape[1] <= training.options.exact_items:
            exact = ease_weights(user_items, strength)
            return cls(largest_entries(exact, KEPT))
        return cls(sparse_ease_weights(user_items, strength, NEIGHBOURS))


def default_regularization(user_items: sparse.csr_matrix) -> float:
    """Lambda that grows with the mean number of users of an item, at least 10.

    Three times that mean was within 1 % of the best of a grid on dense and on sparse data.
    """
    return max(_WEAKEST, _STRENGTH * user_items.nnz / user_items.shape[1])


def ease_weights(user_items: sparse.csr_matrix, regularization: float) -> np.ndarray:
    """The exact solution, float32 (items, items): column j predicts item j; its diagonal is 0.

    P = (G + lambda I)^-1, weights -P / diag(P).
    """
    gram = (user_items.T @ user_items).toarray().T  # symmetric: only LAPACK's memory order changes
    gram[np.diag_indices_from(gram)] += np.float32(regularization)
    factor, failed = linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("X'X + lambda I is not positive definite: raise lambda")
    inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    _mirror(inverse)
    weights = inverse.T  # still symmetric: back to the memory order of the products below
    weights /= -weights.diagonal().copy()
    np.fill_diagonal(weights, 0)
    return weights


def sparse_ease_weights(
    user_items: sparse.csr_matrix, regularization: float, neighbours: int
) -> sparse.csr_matrix:
    """The solution with at most ``neighbours`` weights to each item, CSR (items, items).

    The neighbours of an item are those with the largest weight if each were the only one.
    """
    gram = sparse.csr_matrix(user_items.T @ user_items, dtype=np.float32)
    gram.sort_indices()
    alone = gram.copy()
    alone.setdiag(0)
    alone.eliminate_zeros()
    ridge = gram.diagonal() + np.float32(regularization)
    support = keep_largest(alone @ sparse.diags(1 / np.sqrt(ridge)), neighbours)
    support.sort_indices()

    sizes = np.diff(support.indptr)
    values = np.empty(support.nnz, dtype=np.float32)

    def solve(items: np.ndarray) -> None:
        size = max(int(sizes[items].max()), 1)
        systems, targets = _gather_blocks(
            gram.indptr, gram.indices, gram.data, support.indptr, support.indices, items, size
        )
        diagonal = np.arange(size)
        systems[:, diagonal, diagonal] += np.float32(regularization)
        solved = np.linalg.solve(systems, targets[..., None])[..., 0]
        inside = diagonal < sizes[items][:, None]
        values[(support.indptr[items][:, None] + diagonal)[inside]] = solved[inside]

    # Most items have few neighbours: side by side with others of their size, they are solved in
    # systems of that size.
    in_blocks(solve, np.argsort(sizes, kind="stable"), neighbours * neighbours)
    columns = sparse.csr_matrix((values, support.indices, support.indptr), shape=gram.shape)
    return sparse.csr_matrix(columns.T)


@compiled
def _gather_blocks(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    support_indptr: np.ndarray,
    support: np.ndarray,
    items: np.ndarray,
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
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


def largest_entries(matrix: np.ndarray, k: int) -> sparse.csr_matrix:
    """The entries of each row with the k largest magnitudes."""
    if matrix.shape[1] > k:
        size = np.abs(matrix)
        least = np.partition(size, -k, axis=1)[:, -k]
        matrix = np.where(size >= least[:, None], matrix, np.float32(0))
    return sparse.csr_matrix(matrix)


def _mirror(lower: np.ndarray, block: int = 1024) -> None:
    """Copy the lower triangle to the upper one in place, block by block."""
    for start in range(0, len(lower), block):
        stop = start + block
        square = np.tril(lower[start:stop, start:stop])
        lower[start:stop, start:stop] = square + np.tril(square, -1).T
        lower[start:stop, stop:] = lower[stop:, start:stop].T
