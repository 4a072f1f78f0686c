"""implicit's ALS with an exact and faster solver: the only module that touches ``implicit``."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numba
import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.utils import check_random_state
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.solver import Side, is_worthwhile, loss

_START = 0.01
_CHUNK_ROWS = 1 << 16

OnIteration = Callable[[int, float, float], bool | None]
"""Called with the number of the iteration from 0, its seconds, and the loss (NaN unless the model
calculates it); a true answer ends the training."""


class _StopError(Exception):
    """Leaves implicit's loop, which has no early stop of its own."""


class ConjugateGradientALS(AlternatingLeastSquares):
    """implicit's model as it is, of which a true answer of the callback ends the training."""

    def fit(
        self,
        user_items: sparse.csr_matrix,
        show_progress: bool = True,
        callback: OnIteration | None = None,
    ) -> None:
        """Factorize ``user_items`` (users, items), confidences as values."""

        def note(number: int, seconds: float, value: float) -> None:
            if callback and callback(number, seconds, value):
                raise _StopError

        with threadpool_limits(1, "blas"), suppress(_StopError):
            super().fit(user_items, show_progress, note)


class ExactALS(AlternatingLeastSquares):
    """implicit's model, of which only the training is replaced; all its methods work unchanged.

    Each row is solved exactly (Woodbury identity for short ones, all factors for long ones), users
    with the same entries once. Same constructor, attributes and starting factors.
    """

    user_factors: Any  # float32 arrays, None before the training
    item_factors: Any

    def fit(
        self,
        user_items: sparse.csr_matrix,
        show_progress: bool = True,
        callback: OnIteration | None = None,
    ) -> None:
        """Factorize ``user_items`` (users, items), confidences as values, as implicit does.

        ``show_progress`` is accepted for its sake: progress is told by ``callback``.
        """
        confidence = sparse.csr_matrix(user_items, dtype=np.float32) * np.float32(self.alpha)
        confidence.sum_duplicates()
        users = DistinctRows.of(confidence)
        self._start(*confidence.shape)
        with _threads(self.num_threads):
            user_factors = self._iterate(users, callback)
        self.user_factors = user_factors[users.group]
        self._check_fit_errors()

    def _iterate(self, users: DistinctRows, callback: OnIteration | None) -> np.ndarray:
        user_factors = np.empty((users.rows.shape[0], self.factors), dtype=np.float32)
        by_user = Side.of(users.rows)
        by_item = Side.of(_transposed(users.rows), users.counts)
        for iteration in range(self.iterations):
            started = time.perf_counter()
            by_user.solve(self.item_factors, self.regularization, user_factors)
            by_item.solve(user_factors, self.regularization, self.item_factors)
            value = math.nan
            if self.calculate_training_loss:
                args = (user_factors, self.item_factors, self.regularization)
                value = loss(users.rows, users.counts, *args)
            if callback and callback(iteration, time.perf_counter() - started, value):
                break
        return user_factors

    def _start(self, users: int, items: int) -> None:
        """Random item factors, those that implicit begins with for the same seed."""
        random = check_random_state(self.random_state)
        for start in range(0, users, _CHUNK_ROWS):  # implicit draws those of the users first
            random.random((min(_CHUNK_ROWS, users - start), self.factors), dtype=np.float32)
        if self.item_factors is None:
            drawn = random.random((items, self.factors), dtype=np.float32)
            self.item_factors = drawn * np.float32(_START)
        self._item_norms = self._user_norms = self._YtY = self._XtX = None


def faster_model(
    user_items: sparse.csr_matrix, factors: int
) -> type[ExactALS] | type[ConjugateGradientALS]:
    """The kind of model that needs less time for an iteration on this data."""
    distinct = DistinctRows.of(sparse.csr_matrix(user_items, dtype=np.float32))
    worthwhile = is_worthwhile(distinct.rows, user_items.shape[0], factors)
    return ExactALS if worthwhile else ConjugateGradientALS


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """Let the kernels use n threads, 0 for all; what they may use is $NUMBA_NUM_THREADS."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(n or before, before))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def _transposed(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    transposed = sparse.csr_matrix(matrix.T)
    transposed.sort_indices()
    return transposed
