"""Scorers: matrix factorization, and the baselines that a recommender must beat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

from recsys_lib.blend import recent_counts
from recsys_lib.data.interactions import Interactions
from recsys_lib.ranking import Scorer


@dataclass(frozen=True)
class Factors(Scorer):
    """Matrix factorization: inner products of user and item factors.

    ``user_factors`` has the shape (users, d), ``item_factors`` (items, d).
    """

    user_factors: np.ndarray
    item_factors: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Inner products."""
        return self.user_factors[users] @ self.item_factors.T


@dataclass(frozen=True)
class MostPopular(Scorer):
    """The same for everybody: how many users have an item in training."""

    user_items: sparse.csr_matrix

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Counts, a row for each user."""
        return np.tile(self._counts, (len(users), 1))

    @cached_property
    def _counts(self) -> np.ndarray:
        counts = np.bincount(self.user_items.indices, minlength=self.user_items.shape[1])
        return counts.astype(np.float32)


@dataclass(frozen=True)
class RecentPopular(Scorer):
    """The same for everybody: how often an item was taken recently, see :func:`recent_counts`."""

    train: Interactions

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Counts, a row for each user."""
        return np.tile(self._counts, (len(users), 1))

    @cached_property
    def _counts(self) -> np.ndarray:
        return recent_counts(self.train).astype(np.float32)


@dataclass(frozen=True)
class Random(Scorer):
    """Chance. Scores depend on the seed and the user, not on the order of calls."""

    n_items: int
    seed: int

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Uniform in [0, 1)."""
        rows = [
            np.random.default_rng((self.seed, user)).random(self.n_items, dtype=np.float32)
            for user in users
        ]
        return np.array(rows, dtype=np.float32).reshape(len(users), self.n_items)


@dataclass(frozen=True)
class ItemNeighbours(Scorer):
    """Sum of similarities to the items of the user; ``similarity`` is (items, items)."""

    user_items: sparse.csr_matrix
    similarity: sparse.csr_matrix

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Ratings times similarities."""
        scores = (self.user_items[users] @ self.similarity).toarray()
        return np.asarray(scores, dtype=np.float32)


@dataclass(frozen=True)
class Ease(Scorer):
    """A linear model that predicts each item from all others: ``weights`` is (items, items)."""

    user_items: sparse.csr_matrix
    weights: np.ndarray

    @classmethod
    def fit(cls, user_items: sparse.csr_matrix, regularization: float = 200.0) -> Ease:
        """Closed form: P = (X'X + lambda I)^-1, weights -P / diag(P) with a zero diagonal.

        Memory grows with items squared, time with items cubed. Reference: Steck, "Embarrassingly
        shallow autoencoders for sparse data" (2019).
        """
        have = sparse.csr_matrix(user_items, copy=True)
        have.data = np.ones_like(have.data)
        gram = (
            (have.T @ have).toarray().T
        )  # symmetric: transposing only gives LAPACK's memory order
        gram[np.diag_indices_from(gram)] += regularization
        factor, failed = linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
        if failed:
            raise np.linalg.LinAlgError("X'X + lambda I is not positive definite: raise lambda")
        inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
        _mirror(inverse)
        weights = inverse.T  # still symmetric: back to the memory order of the products below
        weights /= -weights.diagonal().copy()
        np.fill_diagonal(weights, 0)
        return cls(have, weights)

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Sums of the weights from the items a user has."""
        return np.asarray(self.user_items[users] @ self.weights, dtype=np.float32)


def _mirror(lower: np.ndarray, block: int = 1024) -> None:
    """Copy the lower triangle to the upper one in place, block by block."""
    for start in range(0, len(lower), block):
        stop = start + block
        square = np.tril(lower[start:stop, start:stop])
        lower[start:stop, start:stop] = square + np.tril(square, -1).T
        lower[start:stop, stop:] = lower[stop:, start:stop].T
