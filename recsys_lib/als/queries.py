"""Query vectors of many users at once, and which users can share one list.

Most users of a shop have one item or the history of somebody else. Their lists are computed once;
only the scores differ, by a factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recsys_lib.als._distinct import DistinctRows
from recsys_lib.als.confidences import confidence, newer_items, recency_weighted
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.solver import Penalty
from recsys_lib.als.training import TrainedAls
from recsys_lib.compiled import Workers, blocks, compiled
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import MaximumInnerProduct

_PARALLEL = 1e-5  # sine of an angle that counts as none; rounding of float32 makes about 1e-7
_TASK = 4096  # rows


def user_vectors(
    trained: TrainedAls, interactions: Interactions, parameters: AlsParameters
) -> np.ndarray:
    """The vectors with which the served model answers its users, float32 (users, factors).

    These are the trained factors, or with ``recency_half_life`` the fold-in of recency-weighted
    histories.
    """
    if not parameters.recency_half_life:
        return trained.user_factors
    histories = recency_weighted(
        confidence(interactions, parameters),
        newer_items(interactions),
        parameters.recency_half_life,
    )
    distinct = DistinctRows.from_matrix(histories)
    fold_in = FoldIn.from_item_factors(trained.item_factors, Penalty.from_parameters(parameters))
    return fold_in.solve_many(distinct.rows)[distinct.group]


@dataclass(frozen=True, kw_only=True)
class SharedLists:
    """Lists computed once for all users who have the same one.

    Parameters
    ----------
    group: int64, shape (users,): the list of each user.
    scale: float32, shape (users,): what the scores of that list are multiplied by.
    """

    group: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Queries(SharedLists):
    """Queries of many users; queries with the same answer are computed once.

    Parameters
    ----------
    vectors: float32, shape (rows, factors), may be memory-mapped.
    histories: shape (rows, items): items with entries are seen.
    representatives: int64, shape (lists,): the row of ``vectors`` and ``histories`` that stands for
        each list.
    """

    vectors: np.ndarray
    histories: sparse.csr_matrix
    representatives: np.ndarray

    @classmethod
    def from_vectors(
        cls, vectors: np.ndarray, histories: sparse.csr_matrix, *, one_lambda: bool
    ) -> Queries:
        """Group rows that have the same history, and vectors of the same direction.

        ``histories`` holds confidences. Where all rows have ``one_lambda``, users of one and the
        same item differ only in the length of their vectors, whatever they rated it. Directions
        are compared in any case: a solver that only approximates the solution gives equal
        histories different vectors.
        """
        distinct = DistinctRows.from_matrix(_single_as_one(histories) if one_lambda else histories)
        representatives = np.unique(distinct.group, return_index=True)[1]
        scale = np.empty(len(vectors), dtype=np.float32)
        others = representatives[distinct.group]
        with Workers.started() as workers:
            workers.each(
                _scales,
                (
                    (vectors[part], vectors, others[part], scale[part])
                    for part in blocks(len(vectors), _TASK)
                ),
            )
        # Of another direction than their representative: each gets a list of its own.
        alone = np.flatnonzero(np.isnan(scale))
        group = distinct.group.copy()
        group[alone] = len(representatives) + np.arange(len(alone))
        scale[alone] = 1
        return cls(
            vectors=vectors,
            histories=histories,
            representatives=np.concatenate([representatives, alone]),
            group=group,
            scale=scale,
        )

    def for_users(self, rows: np.ndarray) -> Queries:
        """The same for users, several of whom may have one row: ``rows`` is int64 (users,)."""
        return replace(self, group=self.group[rows], scale=self.scale[rows])

    def alone(self, users: np.ndarray) -> Queries:
        """The same with lists of their own for some users, positions int64 (users,)."""
        group = self.group.copy()
        group[users] = self.n_lists + np.arange(len(users))
        shared = self.representatives[self.group[users]]
        return replace(
            self, group=group, representatives=np.concatenate([self.representatives, shared])
        )

    def history(self, one: int) -> np.ndarray:
        """Rows of the items that the users of a list have."""
        row = int(self.representatives[one])
        start, stop = self.histories.indptr[row : row + 2]
        return np.asarray(self.histories.indices[start:stop])

    @property
    def n_lists(self) -> int:
        """Number of different lists."""
        return len(self.representatives)

    def best(
        self, search: MaximumInnerProduct, lists: slice | np.ndarray, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Some of the lists, without seen items, from :meth:`MaximumInnerProduct.best`."""
        rows = self.representatives[lists]
        return search.best(self.vectors[rows], self.histories[rows], n)


def _single_as_one(confidences: sparse.csr_matrix) -> sparse.csr_matrix:
    """Confidence 1 for all users whose only item is liked, so that their histories are equal.

    By the normal equations, the vector of such a user is a D y with the item's factors y and a
    number a; only a depends on the confidence.
    """
    single = np.repeat(np.diff(confidences.indptr) == 1, np.diff(confidences.indptr))
    values = np.where(single & (confidences.data > 0), np.float32(1), confidences.data)
    return sparse.csr_matrix(
        (values, confidences.indices, confidences.indptr), shape=confidences.shape
    )


@compiled
def _scales(mine, vectors, others, scale):
    """Length of each vector relative to the other one of the same direction; NaN for any other."""
    for row in range(len(mine)):
        scale[row] = _relative_length(mine[row], vectors[others[row]])


@compiled
def _relative_length(vector, other):
    own, product, square = 0.0, 0.0, 0.0
    for f in range(len(vector)):
        own += np.float64(vector[f]) * vector[f]
        product += np.float64(vector[f]) * other[f]
        square += np.float64(other[f]) * other[f]
    if own == 0 and square == 0:
        return np.float32(1.0)
    # |v|^2 |w|^2 - (v w)^2 = |v|^2 |w|^2 sin^2 of the angle between them
    if product <= 0 or own * square - product**2 > _PARALLEL**2 * own * square:
        return np.float32(np.nan)
    return np.float32(product / square)
