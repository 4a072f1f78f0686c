"""Scorers: matrix factorization, and the baselines that a recommender must beat."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys_lib.blend import CandidateSource, Histories, recent_counts
from recsys_lib.data.interactions import Interactions
from recsys_lib.ranking import NO_ITEM, Scorer


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
class SourceAlone(Scorer):
    """One candidate source as a model of its own."""

    source: CandidateSource
    histories: Histories

    def scores(self, users: np.ndarray) -> np.ndarray:
        """The source's scores for the histories of these users."""
        return self.source.scores(self.histories.take(users))


class SameForEveryone(Scorer):
    """A model that knows no history."""

    @property
    @abstractmethod
    def counts(self) -> np.ndarray:
        """The score of each item, float32, shape (items,)."""

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Counts, a row for each user."""
        return np.tile(self.counts, (len(users), 1))


@dataclass(frozen=True)
class MostPopular(SameForEveryone):
    """How many users have an item in training."""

    user_items: sparse.csr_matrix

    @cached_property
    def counts(self) -> np.ndarray:
        """Users of each item."""
        counts = np.bincount(self.user_items.indices, minlength=self.user_items.shape[1])
        return counts.astype(np.float32)


@dataclass(frozen=True)
class RecentPopular(SameForEveryone):
    """How often an item was taken recently, see :func:`recent_counts`."""

    train: Interactions

    @cached_property
    def counts(self) -> np.ndarray:
        """Recent interactions of each item."""
        return recent_counts(self.train).astype(np.float32)


@dataclass(frozen=True)
class Random(Scorer):
    """Chance. Results depend on the seed and the user, not on the order of calls."""

    n_items: int
    seed: int

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Uniform in [0, 1)."""
        rows = [
            np.random.default_rng((self.seed, user)).random(self.n_items, dtype=np.float32)
            for user in users
        ]
        return np.array(rows, dtype=np.float32).reshape(len(users), self.n_items)

    def lists(self, users: np.ndarray, seen: sparse.csr_matrix, k: int) -> np.ndarray:
        """k items for each user by chance, int32, shape (len(users), k); -1 where none is left.

        A few draws for each user instead of a score for each item. ``seen``, (users, items), has
        what a user must not get.
        """
        lists = np.full((len(users), k), NO_ITEM, dtype=np.int32)
        for row, user in zip(lists, users, strict=True):
            own = seen.indices[seen.indptr[user] : seen.indptr[user + 1]]
            generator = np.random.default_rng((self.seed, user))
            drawn = generator.choice(self.n_items, min(k + len(own), self.n_items), replace=False)
            new = drawn[~np.isin(drawn, own)][:k]
            row[: len(new)] = new
        return lists
