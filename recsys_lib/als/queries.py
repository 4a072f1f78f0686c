"""The vectors that users ask with, all of them at once, and which of them have the same answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recsys_lib.als.confidence import confidence, liked, newer_items, recency_weights
from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.products import rotate
from recsys_lib.als.solver import Penalty, Side
from recsys_lib.als.training import TrainedAls
from recsys_lib.compiled import compiled
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import MaximumInnerProduct
from recsys_lib.workers import Workers, blocks

_PARALLEL = 1e-5  # sine of the angle: rounding of float32 makes it some 1e-7
_TASK = 4096  # rows


def fold_in_all(
    confidences: sparse.csr_matrix, item_factors: np.ndarray, penalty: Penalty
) -> np.ndarray:
    """Vectors of many histories at once by the compiled solver, float32 (rows, factors).

    ``confidences`` is float32 (rows, items), 0 for what was seen and not liked; the result is that
    of :class:`~recsys_lib.als.fold_in.FoldIn` within the rounding of float32.
    """
    fixed = np.array(item_factors, dtype=np.float32, order="C")  # is rotated in place
    vectors = np.empty((confidences.shape[0], fixed.shape[1]), dtype=np.float32)
    side = Side(liked(confidences), vectors, np.ones(len(fixed), dtype=np.float32), penalty)
    with Workers.started() as workers:
        rotation = side.solve(fixed, workers)
        rotate(vectors, np.ascontiguousarray(rotation.T), workers)
    return vectors


def faded(confidences: sparse.csr_matrix, newer: np.ndarray, half_life: float) -> sparse.csr_matrix:
    """Confidences of a query: an item counts half for every ``half_life`` newer ones.

    ``newer`` says for each entry how many items of the row are newer; 0 as half-life fades nothing.
    """
    values = confidences.data * recency_weights(newer, half_life)
    return sparse.csr_matrix(
        (values, confidences.indices, confidences.indptr), shape=confidences.shape
    )


def user_vectors(
    trained: TrainedAls, interactions: Interactions, parameters: AlsParameters
) -> np.ndarray:
    """What the users of a training ask with when its model is served, float32 (users, factors).

    The factors as trained, or with ``recency_half_life`` those of the faded histories.
    """
    if not parameters.recency_half_life:
        return trained.user_factors
    histories = faded(
        confidence(interactions, parameters),
        newer_items(interactions),
        parameters.recency_half_life,
    )
    distinct = DistinctRows.of(histories)
    penalty = Penalty(parameters.regularization, parameters.frequency_scaling)
    return fold_in_all(distinct.rows, trained.item_factors, penalty)[distinct.group]


@dataclass(frozen=True, kw_only=True)
class SharedLists:
    """Lists that are computed once for all users who have the same.

    Parameters
    ----------
    group: int64, shape (users,): which of the lists is a user's.
    scale: float32, shape (users,): by what the scores of that list are multiplied.
    """

    group: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Queries(SharedLists):
    """Questions of many users; those that have the same answer are asked once.

    Parameters
    ----------
    vectors: float32, shape (rows, factors), may be memory-mapped.
    histories: shape (rows, items): the items with entries are seen.
    asking: int64, shape (lists,): the row of ``vectors`` and ``histories`` to ask a list for.
    """

    vectors: np.ndarray
    histories: sparse.csr_matrix
    asking: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, histories: sparse.csr_matrix, *, one_lambda: bool) -> Queries:
        """Find rows with the same history and the same direction of their vectors.

        ``histories`` has the confidences. The vectors of users of one and the same item differ in
        length only where all have ``one_lambda``: they are a D y with the item's factors y. Whether
        directions are the same is looked at in any case, for solvers that only come near to the
        solution leave equal histories with different vectors.
        """
        distinct = DistinctRows.of(_without_certainty(histories) if one_lambda else histories)
        asking = np.unique(distinct.group, return_index=True)[1]
        scale = np.empty(len(vectors), dtype=np.float32)
        others = asking[distinct.group]
        with Workers.started() as workers:
            workers.each(
                _scales,
                (
                    (vectors[part], vectors, others[part], scale[part])
                    for part in blocks(len(vectors), _TASK)
                ),
            )
        alone = np.flatnonzero(np.isnan(scale))
        group = distinct.group.copy()
        group[alone] = len(asking) + np.arange(len(alone))
        scale[alone] = 1
        asking = np.concatenate([asking, alone])
        return cls(vectors=vectors, histories=histories, asking=asking, group=group, scale=scale)

    def of_users(self, row: np.ndarray) -> Queries:
        """The same for users, int64 (users,), several of whom may have one row."""
        return replace(self, group=self.group[row], scale=self.scale[row])

    @property
    def n_lists(self) -> int:
        """How many lists answer all users."""
        return len(self.asking)

    def best(
        self, ranker: MaximumInnerProduct, lists: slice, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Some of the lists, without what is seen, from :meth:`MaximumInnerProduct.best`."""
        rows = self.asking[lists]
        return ranker.best(self.vectors[rows], self.histories[rows], n)


def _without_certainty(confidences: sparse.csr_matrix) -> sparse.csr_matrix:
    """The same confidence for all who like but one item."""
    single = np.repeat(np.diff(confidences.indptr) == 1, np.diff(confidences.indptr))
    values = np.where(single & (confidences.data > 0), np.float32(1), confidences.data)
    return sparse.csr_matrix(
        (values, confidences.indices, confidences.indptr), shape=confidences.shape
    )


@compiled
def _scales(mine, vectors, others, scale):
    """How many times as long a vector is as the other one of the same direction, or NaN."""
    for row in range(len(mine)):
        scale[row] = _times(mine[row], vectors[others[row]])


@compiled
def _times(vector, other):
    own, product, square = 0.0, 0.0, 0.0
    for f in range(len(vector)):
        own += np.float64(vector[f]) * vector[f]
        product += np.float64(vector[f]) * other[f]
        square += np.float64(other[f]) * other[f]
    if own == 0 and square == 0:
        return np.float32(1.0)
    if product <= 0 or own * square - product**2 > _PARALLEL**2 * own * square:
        return np.float32(np.nan)
    return np.float32(product / square)
