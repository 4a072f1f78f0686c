"""Scores of a source made comparable with those of others, one user's best new item being 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy import sparse

from recsys_lib.blend import _kernels
from recsys_lib.blend.histories import Histories
from recsys_lib.ranking import NO_ITEM, best_items


class HistoryScorer(Protocol):
    """Scores all items for a history, as a candidate source does."""

    def scores(self, histories: Histories) -> np.ndarray:
        """Finite float32, shape (users, items), higher is better; a new array."""


@dataclass(frozen=True)
class RowScores:
    """A score of every item for each user.

    Parameters
    ----------
    scores: float32, shape (users, items), or (1, items) where all users have the same.
    best: float32, shape (users,): what the relative score 1 stands for.
    """

    scores: np.ndarray
    best: np.ndarray

    def add(self, total: np.ndarray, trend: RowScores, weights: np.ndarray) -> None:
        """Add what these scores say to ``total``, (users, items), by ``weights``, (users, 4)."""
        _kernels.add_rows(total, self.scores, self.best, trend.scores, trend.best, weights)

    def relative(self) -> np.ndarray:
        """Relative scores, a new array, float32, shape (users, items)."""
        relative = np.empty((len(self.best), self.scores.shape[1]), dtype=np.float32)
        _kernels.divide_and_cut(self.scores, self.best, relative)
        return relative

    def at(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """Relative scores of these cells, shape (cells,)."""
        row = user if len(self.scores) > 1 else np.zeros_like(user)
        return np.clip(self.scores[row, item] / self.best[user], np.float32(0), np.float32(1))

    def top(self, k: int, tie_order: np.ndarray, own: Histories) -> tuple[np.ndarray, np.ndarray]:
        """The k best items that a user does not have, and their scores, shape (users, k)."""
        items = np.full((len(self.best), k), NO_ITEM, dtype=np.int32)
        best = np.full(items.shape, -np.inf, dtype=np.float32)
        _kernels.best_of_rows(self.scores, own.indptr, own.sorted_items, tie_order, best, items)
        return items, best

    def top_relative(self, k: int, tie_order: np.ndarray, own: Histories) -> np.ndarray:
        """The k items with the best relative scores above 0 that a user does not have; else -1."""
        if len(self.scores) == len(self.best):
            relative = self.relative()
            relative[own.user, own.items] = 0
            return best_items(relative, k, tie_order, above=0)
        items = np.full((len(self.best), k), NO_ITEM, dtype=np.int32)
        # Rounding makes ties, so that the order depends on what the scores are divided by.
        for best in np.unique(self.best):
            users = np.flatnonzero(self.best == best)
            some = own.take(users)
            longest = k + int(some.lengths.max())
            relative = RowScores(self.scores, best[None]).relative()
            (found,) = best_items(relative, longest, tie_order, above=0)
            for user, start, stop in zip(users, some.indptr[:-1], some.indptr[1:], strict=True):
                new = found[~np.isin(found, some.items[start:stop])][:k]
                items[user, : len(new)] = new
        return items


@dataclass(frozen=True)
class SparseScores:
    """The scores of those items of which a source knows something; the others have 0.

    Parameters
    ----------
    scores: float32 CSR, shape (users, items).
    best: float32, shape (users,): what the relative score 1 stands for.
    """

    scores: sparse.csr_matrix
    best: np.ndarray

    def add(self, total: np.ndarray, trend: RowScores, weights: np.ndarray) -> None:
        """Add what these scores say to ``total``, (users, items), by ``weights``, (users, 4)."""
        _kernels.add_sparse(total, *self._cells, self.best, trend.scores, trend.best, weights)

    def relative(self) -> np.ndarray:
        """Relative scores, a new array, float32, shape (users, items)."""
        return np.asarray(self._relative.toarray())

    @cached_property
    def _relative(self) -> sparse.csr_matrix:
        scale = np.repeat(self.best, np.diff(self.scores.indptr))
        data = np.clip(self.scores.data / scale, np.float32(0), np.float32(1))
        cells = (data, self.scores.indices, self.scores.indptr)
        return sparse.csr_matrix(cells, shape=self.scores.shape)

    @property
    def _cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.scores.indptr, self.scores.indices, self.scores.data

    def at(self, user: np.ndarray, item: np.ndarray) -> np.ndarray:
        """Relative scores of these cells, shape (cells,); ``user`` ascends."""
        found = np.empty(len(user), dtype=np.float32)
        relative = self._relative
        _kernels.look_up(
            relative.indptr,
            relative.indices,
            relative.data,
            self.scores.shape[1],
            user,
            item,
            found,
        )
        return found

    def top(self, k: int, tie_order: np.ndarray, own: Histories) -> tuple[np.ndarray, np.ndarray]:
        """The k best items that a user does not have, and their scores, shape (users, k)."""
        items = np.full((len(self.best), k), NO_ITEM, dtype=np.int32)
        best = np.full(items.shape, -np.inf, dtype=np.float32)
        others = np.empty_like(tie_order)
        others[tie_order] = np.arange(len(tie_order), dtype=np.int32)
        _kernels.best_of_sparse(*self._cells, own.indptr, own.items, tie_order, others, best, items)
        return items, best

    def top_relative(self, k: int, tie_order: np.ndarray, own: Histories) -> np.ndarray:
        """The k items with the best relative scores above 0 that a user does not have; else -1."""
        items = np.full((len(self.best), k), NO_ITEM, dtype=np.int32)
        best = np.zeros(items.shape, dtype=np.float32)
        relative, nothing = self._relative, np.empty(0, dtype=np.int32)
        _kernels.best_of_sparse(
            relative.indptr,
            relative.indices,
            relative.data,
            own.indptr,
            own.items,
            tie_order,
            nothing,
            best,
            items,
        )
        return items
