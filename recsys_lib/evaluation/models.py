"""Scorers: matrix factorization, and the baselines that a recommender must beat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

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
