"""implicit's models: ALS with our exact solver, and item similarities.

This is the only module that imports ``implicit``.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from implicit.utils import ParameterWarning, check_random_state
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als._distinct import DistinctRows, SharedFactors
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.momentum import Momentum
from recsys_lib.als.solver import Alternation, ExactAlternation, Penalty
from recsys_lib.compiled import Workers
from recsys_lib.parameters import AlsParameters

_INITIAL_SCALE = 0.01
_SKIPPED_AT_ONCE = 1 << 22
_SAVED = (
    "user_factors",
    "item_factors",
    "factors",
    "regularization",
    "alpha",
    "frequency_scaling",
    "iterations",
    "calculate_training_loss",
    "num_threads",
    "random_state",
    "device",
)

Callback = Callable[[int, float, float], bool | None]
"""Called after each iteration with its number from 0, its seconds, and the objective. Returning
True ends the training."""


class _StopError(Exception):
    """Leaves implicit's loop, which has no early stopping of its own."""


class ConjugateGradientALS(AlternatingLeastSquares):
    """implicit's own model, with early stopping by the callback."""

    @classmethod
    def from_parameters(cls, parameters: AlsParameters) -> ConjugateGradientALS:
        """An untrained model that takes confidences, which already include alpha."""
        with threadpool_limits(1, "blas"):  # implicit warns about more BLAS threads
            return cls(**_options(parameters))

    def fit(
        self,
        user_items: sparse.csr_matrix,
        show_progress: bool = True,
        callback: Callback | None = None,
    ) -> None:
        """Factorize ``user_items`` (users, items), confidences as values."""

        def note(number: int, seconds: float, value: float) -> None:
            if callback and callback(number, seconds, value):
                raise _StopError

        with threadpool_limits(1, "blas"), suppress(_StopError):
            super().fit(user_items, show_progress, note)

    def current_item_factors(self) -> np.ndarray:
        """The present item factors, also during the training."""
        return self.item_factors

    def state(self) -> dict[str, np.ndarray]:
        """What the next iteration depends on: each solution starts at the one before."""
        return {"user_factors": self.user_factors, "item_factors": self.item_factors}

    def go_on(self, state: Mapping[str, np.ndarray], iterations: int) -> None:
        """Let the next ``fit`` start from the ``state`` after this many iterations."""
        self.user_factors, self.item_factors = state["user_factors"], state["item_factors"]
        self.iterations -= iterations


class ExactALS(AlternatingLeastSquares):
    """implicit's ALS with an exact solver; its interface is unchanged.

    Every row is solved exactly, in the space of its entries or of the factors, whichever is
    smaller, and users with equal entries are solved once. Constructor, attributes and initial
    factors are those of :class:`implicit.cpu.als.AlternatingLeastSquares`, with two more
    parameters.

    Parameters
    ----------
    factors, regularization, alpha, *args, **kwargs
        As in implicit.
    frequency_scaling : float
        Exponent by which lambda grows with the total confidence of a row, see :class:`Penalty`.
    momentum : bool
        Whether iterations start further on, see :class:`Momentum`. Twenty of them lower the
        objective as sixty do without; after the first, none is the same as implicit's.
    device : str
        "cpu" or "cuda".

    Examples
    --------
    >>> likes = sparse.csr_matrix(np.kron(np.eye(2), np.ones((3, 3))))  # two groups of 3 users
    >>> model = ExactALS(factors=2, alpha=10.0, iterations=5, random_state=0, num_threads=1)
    >>> model.fit(likes)
    >>> similar, _ = model.similar_items(0, N=3)
    >>> sorted(similar.tolist())
    [0, 1, 2]
    """

    item_factors: Any  # float32 array, None before the training
    _user_factors: Any
    shared: SharedFactors | None
    """Factors of the users after the training; None when they were set or loaded."""
    current_item_factors: Callable[[], np.ndarray]
    """The item factors during the training; their axes are not those of the result."""
    state: Callable[[], dict[str, np.ndarray]]
    """What the next iteration of a training depends on."""

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        alpha: float = 1.0,
        *args: Any,
        frequency_scaling: float = 0.0,
        momentum: bool = False,
        device: str = "cpu",
        **kwargs: Any,
    ) -> None:
        super().__init__(factors, regularization, alpha, *args, **kwargs)
        self.frequency_scaling, self.momentum = frequency_scaling, momentum
        self.device = device
        self._before: tuple[Mapping[str, np.ndarray], int] = {}, 0

    @classmethod
    def from_parameters(cls, parameters: AlsParameters) -> ExactALS:
        """An untrained model that takes confidences, which already include alpha."""
        with threadpool_limits(1, "blas"):  # implicit warns about more BLAS threads
            return cls(
                **_options(parameters),
                frequency_scaling=parameters.frequency_scaling,
                momentum=parameters.momentum,
            )

    def go_on(self, state: Mapping[str, np.ndarray], iterations: int) -> None:
        """Let the next ``fit`` start from the ``state`` after this many iterations."""
        self._before = state, iterations

    def fit(
        self,
        user_items: sparse.csr_matrix,
        show_progress: bool = True,
        callback: Callback | None = None,
        *,
        user_weights: np.ndarray | None = None,
        item_weights: np.ndarray | None = None,
    ) -> None:
        """Factorize ``user_items`` (users, items), whose values are confidences.

        Starts from ``item_factors`` if they are set, else at random. ``user_weights`` (users,) and
        ``item_weights`` (items,) weigh users and items in the objective, 1 by default.
        ``show_progress`` is ignored; use ``callback``.
        """
        confidence = sparse.csr_matrix(user_items, dtype=np.float32) * np.float32(self.alpha)
        confidence.sum_duplicates()
        users = DistinctRows.from_matrix(confidence, user_weights)
        if item_weights is None:
            item_weights = np.ones(confidence.shape[1])
        start = self._initial_item_factors(*confidence.shape)
        with Workers.started(self.num_threads) as workers:
            alternation = self._alternation()(
                users,
                start,
                np.asarray(item_weights, dtype=np.float32),
                self.penalty,
                workers,
                Momentum() if self.momentum else None,
            )
            self.current_item_factors, self.state = alternation.item_factors, alternation.state
            self._iterate(alternation, callback)
            user_factors, self.item_factors = alternation.factors()
        self.user_factors = None
        self.shared = SharedFactors(user_factors, users.group)
        # implicit caches these; they belong to the factors before.
        self._item_norms = self._user_norms = self._YtY = self._XtX = None
        self._check_fit_errors()

    @property
    def user_factors(self) -> Any:
        """float32, shape (users, factors); of all users only from when they are asked for."""
        if self._user_factors is None and self.shared is not None:
            self._user_factors = self.shared.of_all()
        return self._user_factors

    @user_factors.setter
    def user_factors(self, value: Any) -> None:
        self._user_factors, self.shared = value, None

    def _check_fit_errors(self) -> None:
        users = self.user_factors if self.shared is None else self.shared.rows
        self._check_factors(users, self.item_factors)

    def _iterate(self, alternation: Alternation, callback: Callback | None) -> None:
        (state, done), self._before = self._before, ({}, 0)
        if state:
            alternation.restore(state)
        for iteration in range(done, self.iterations):
            started = time.perf_counter()
            value = alternation.iterate()
            if callback and callback(iteration, time.perf_counter() - started, value):
                break

    def _alternation(self) -> type[Alternation]:
        if self.device == "cpu":
            return ExactAlternation
        from recsys_lib.als._cuda import CudaAlternation  # noqa: PLC0415  # imports torch

        return CudaAlternation

    def _initial_item_factors(self, users: int, items: int) -> np.ndarray:
        """The factors that were set, or those that implicit draws for the same seed."""
        if self.item_factors is not None:
            return np.array(self.item_factors, dtype=np.float32, order="C")
        random = check_random_state(self.random_state)
        _skip(random, users * self.factors)  # implicit draws the user factors first
        drawn: np.ndarray = random.random((items, self.factors), dtype=np.float32)
        return drawn * np.float32(_INITIAL_SCALE)

    @property
    def penalty(self) -> Penalty:
        """The penalty of the training."""
        return Penalty(self.regularization, self.frequency_scaling)

    def fold_in(self) -> FoldIn:
        """Fold-in with the present item factors; it takes confidences that include alpha."""
        return FoldIn.from_item_factors(np.asarray(self.item_factors), self.penalty)

    def recalculate_user(self, userid: Any, user_items: sparse.csr_matrix) -> np.ndarray:
        """Factors of one or several users for new histories; the model stays as it is."""
        return self._solve(self.fold_in(), userid, user_items)

    def recalculate_item(self, itemid: Any, item_users: sparse.csr_matrix) -> np.ndarray:
        """Factors of one or several items for new users; the model stays as it is."""
        fold_in = FoldIn.from_item_factors(np.asarray(self.user_factors), self.penalty)
        return self._solve(fold_in, itemid, item_users)

    def _solve(self, fold_in: FoldIn, ids: Any, rows: sparse.csr_matrix) -> np.ndarray:
        if rows.shape[0] != np.size(ids):
            raise ValueError(f"expected one row per id: {np.size(ids)} ids, {rows.shape[0]} rows")
        confidences = sparse.csr_matrix(rows, dtype=np.float32) * np.float32(self.alpha)
        found = fold_in.solve(confidences)
        return found[0] if np.isscalar(ids) else found

    def save(self, fileobj_or_path: str | Path | IO[bytes]) -> None:
        """Write what implicit's ``load`` needs as .npz, without pickle."""
        values = {name: getattr(self, name) for name in _SAVED}
        np.savez(
            fileobj_or_path, **{name: value for name, value in values.items() if value is not None}
        )


def _skip(random: np.random.Generator, n: int) -> None:
    """Leave out ``n`` numbers in float32, of which the usual generator makes two at a time."""
    bits = random.bit_generator
    if isinstance(bits, np.random.PCG64) and not bits.state["has_uint32"]:
        bits.advance(n // 2)
        n %= 2
    for start in range(0, n, _SKIPPED_AT_ONCE):
        random.random(min(_SKIPPED_AT_ONCE, n - start), dtype=np.float32)


def item_similarity(user_items: sparse.csr_matrix, kind: str, k: int = 100) -> sparse.csr_matrix:
    """Item-to-item similarities, CSR (items, items): the k nearest of each item.

    ``kind`` is "cosine" or "bm25".
    """
    model = {"cosine": CosineRecommender, "bm25": BM25Recommender}[kind](K=k)
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # about a matrix that implicit makes
        model.fit(user_items, show_progress=False)
    return model.similarity


def _options(parameters: AlsParameters) -> dict[str, Any]:
    return {
        "factors": parameters.factors,
        "regularization": parameters.regularization,
        "alpha": 1.0,
        "iterations": parameters.iterations,
        "calculate_training_loss": True,
        "num_threads": parameters.num_threads,
        "random_state": parameters.seed,
    }
