"""Implicit-feedback ALS: the only module that touches the library ``implicit``.

Model and objective: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback
Datasets" (2008), with confidence ``alpha * rating`` for what a user rated and 1 for all else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.errors import RecsysError
from recsys_lib.parameters import AlsParameters

Model: TypeAlias = AlternatingLeastSquares


class TrainingError(RecsysError):
    """The factors did not stay finite."""


class _ConvergedError(Exception):
    """Leaves implicit's loop, which has no early stop of its own."""


@dataclass(frozen=True)
class Iteration:
    """What one pass over both sides did: its number from 1, its seconds, the loss after it."""

    number: int
    seconds: float
    loss: float


@dataclass(frozen=True)
class TrainedAls:
    """Factors of all users and items, and how the training went.

    Parameters
    ----------
    user_factors, item_factors: float32, shapes (users, factors) and (items, factors).
    history: one entry per iteration that was run.
    converged: whether the loss stopped falling before the last allowed iteration.
    """

    user_factors: np.ndarray
    item_factors: np.ndarray
    history: list[Iteration]
    converged: bool

    @property
    def losses(self) -> list[float]:
        """The mean squared error, weighted by confidence and regularized, of each iteration."""
        return [iteration.loss for iteration in self.history]


def new_model(parameters: AlsParameters) -> Model:
    """An untrained implicit model with our parameters."""
    with threadpool_limits(1, "blas"):  # implicit warns about BLAS threads when it is made
        return Model(
            factors=parameters.factors,
            regularization=parameters.regularization,
            alpha=parameters.alpha,
            iterations=parameters.iterations,
            calculate_training_loss=True,
            num_threads=parameters.num_threads,
            random_state=parameters.seed,
        )


def train_als(
    user_items: sparse.csr_matrix,
    parameters: AlsParameters,
    on_iteration: Callable[[Iteration], None] | None = None,
) -> TrainedAls:
    """Factorize ``user_items`` (users, items), ratings as values, until the loss settles.

    ``on_iteration`` is called after each pass. Raises ParameterError when there are more factors
    than users or items, and TrainingError when the factors did not stay finite.
    """
    parameters.check_data(dict(zip(("users", "items"), user_items.shape, strict=True)))
    model, history = new_model(parameters), []

    def record(index: int, seconds: float, loss: float) -> None:
        history.append(Iteration(index + 1, seconds, loss))
        if on_iteration is not None:
            on_iteration(history[-1])
        if _settled(history, parameters.tolerance):
            raise _ConvergedError

    converged = False
    with threadpool_limits(1, "blas"):
        try:
            model.fit(user_items, show_progress=False, callback=record)
        except _ConvergedError:
            converged = True
    if not (np.isfinite(model.user_factors).all() and np.isfinite(model.item_factors).all()):
        raise TrainingError(
            "the factors are not finite: raise als.regularization or lower als.alpha"
        )
    return TrainedAls(model.user_factors, model.item_factors, history, converged)


def _settled(history: list[Iteration], tolerance: float) -> bool:
    if len(history) < 2 or tolerance == 0:
        return False
    before, now = history[-2].loss, history[-1].loss
    return before - now < tolerance * before
