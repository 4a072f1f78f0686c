"""implicit's ALS with an exact and faster solver: the only module that touches ``implicit``."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from implicit.utils import ParameterWarning, check_random_state
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.solver import Alternation, ExactAlternation, Penalty
from recsys_lib.workers import Workers

_START = 0.01
_CHUNK_ROWS = 1 << 16
_SAVED = (
    *("user_factors", "item_factors", "factors", "regularization", "alpha", "frequency_scaling"),
    *("iterations", "calculate_training_loss", "num_threads", "random_state", "device"),
)

OnIteration = Callable[[int, float, float], bool | None]
"""Called with the number of the iteration from 0, its seconds, and the objective; a true answer
ends the training."""


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

    def current_item_factors(self) -> np.ndarray:
        """The item factors as they are, also while the training runs."""
        return self.item_factors


class ExactALS(AlternatingLeastSquares):
    """implicit's model, of which only the solver is replaced; all its methods work unchanged.

    Each row is solved exactly in the space that is smaller, that of its entries or that of the
    factors; users with the same entries are solved once. Constructor, attributes and starting
    factors are implicit's, with two more parameters:

    frequency_scaling: how lambda grows with the confidence of a row, see ``Penalty``.
    device: "cpu" or "cuda".
    """

    user_factors: Any  # float32 arrays, None before the training
    item_factors: Any
    current_item_factors: Callable[[], np.ndarray]
    """The item factors while the training runs; their axes are not those of the result."""

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        alpha: float = 1.0,
        *args: Any,
        frequency_scaling: float = 0.0,
        device: str = "cpu",
        **kwargs: Any,
    ) -> None:
        super().__init__(factors, regularization, alpha, *args, **kwargs)
        self.frequency_scaling = frequency_scaling
        self.device = device

    def fit(
        self,
        user_items: sparse.csr_matrix,
        show_progress: bool = True,
        callback: OnIteration | None = None,
        *,
        user_weights: np.ndarray | None = None,
        item_weights: np.ndarray | None = None,
    ) -> None:
        """Factorize ``user_items`` (users, items), confidences as values, as implicit does.

        Begins with ``item_factors`` where they are set, else at random. ``user_weights`` (users,)
        and ``item_weights`` (items,) say how much a user or an item counts in the objective, 1 by
        default. ``show_progress`` is accepted for implicit's sake: progress is told by
        ``callback``.
        """
        confidence = sparse.csr_matrix(user_items, dtype=np.float32) * np.float32(self.alpha)
        confidence.sum_duplicates()
        users = DistinctRows.of(confidence, user_weights)
        if item_weights is None:
            item_weights = np.ones(confidence.shape[1])
        start = self._start(*confidence.shape)
        with Workers.started(self.num_threads) as workers:
            alternation = self._alternation()(
                users, start, np.asarray(item_weights, dtype=np.float32), self.penalty, workers
            )
            self.current_item_factors = alternation.item_factors
            self._iterate(alternation, callback)
            user_factors, self.item_factors = alternation.factors()
        self.user_factors = user_factors[users.group]
        self._item_norms = self._user_norms = self._YtY = self._XtX = None
        self._check_fit_errors()

    def _iterate(self, alternation: Alternation, callback: OnIteration | None) -> None:
        for iteration in range(self.iterations):
            started = time.perf_counter()
            value = alternation.iterate()
            if callback and callback(iteration, time.perf_counter() - started, value):
                break

    def _alternation(self) -> type[Alternation]:
        if self.device == "cpu":
            return ExactAlternation
        from recsys_lib.als.cuda import CudaAlternation  # noqa: PLC0415  # imports torch

        return CudaAlternation

    def _start(self, users: int, items: int) -> np.ndarray:
        """Item factors to begin with; without others those that implicit has for the seed."""
        if self.item_factors is not None:
            return np.array(self.item_factors, dtype=np.float32, order="C")
        random = check_random_state(self.random_state)
        for start in range(0, users, _CHUNK_ROWS):  # implicit draws those of the users first
            random.random((min(_CHUNK_ROWS, users - start), self.factors), dtype=np.float32)
        drawn: np.ndarray = random.random((items, self.factors), dtype=np.float32)
        return drawn * np.float32(_START)

    @property
    def penalty(self) -> Penalty:
        """How strongly vectors are pulled to zero."""
        return Penalty(self.regularization, self.frequency_scaling)

    def fold_in(self) -> FoldIn:
        """What solves for users given the present item factors; confidences include alpha."""
        return FoldIn.of(np.asarray(self.item_factors), self.penalty)

    def recalculate_user(self, userid: Any, user_items: sparse.csr_matrix) -> np.ndarray:
        """Factors of users for new histories, as implicit's, which knows but one lambda."""
        if not self.frequency_scaling:
            return super().recalculate_user(userid, user_items)
        return self._refold(self.fold_in(), userid, user_items)

    def recalculate_item(self, itemid: Any, item_users: sparse.csr_matrix) -> np.ndarray:
        """The same for items, from the users who have them."""
        if not self.frequency_scaling:
            return super().recalculate_item(itemid, item_users)
        fold_in = FoldIn.of(np.asarray(self.user_factors), self.penalty)
        return self._refold(fold_in, itemid, item_users)

    def _refold(self, fold_in: FoldIn, ids: Any, rows: sparse.csr_matrix) -> np.ndarray:
        if rows.shape[0] != np.size(ids):
            raise ValueError(
                f"one row is needed for each of {np.size(ids)} ids, not {rows.shape[0]}"
            )
        found = fold_in.solve(sparse.csr_matrix(rows, dtype=np.float32) * np.float32(self.alpha))
        return found[0] if np.isscalar(ids) else found

    def save(self, fileobj_or_path: str | Path | IO[bytes]) -> None:
        """Write everything that implicit's ``load`` needs as .npz, without pickle."""
        values = {name: getattr(self, name) for name in _SAVED}
        np.savez(
            fileobj_or_path, **{name: value for name, value in values.items() if value is not None}
        )


def item_similarity(user_items: sparse.csr_matrix, kind: str, k: int = 100) -> sparse.csr_matrix:
    """implicit's item-to-item similarities, CSR (items, items): the k nearest of each.

    ``kind`` is cosine or bm25.
    """
    model = {"cosine": CosineRecommender, "bm25": BM25Recommender}[kind](K=k)
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # about a matrix of its own making
        model.fit(user_items, show_progress=False)
    return model.similarity
