"""Implicit-feedback ALS: training with an early stop.

Model and objective: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback
Datasets" (2008), with confidence ``alpha * rating`` for what a user rated and 1 for all else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als.model import ConjugateGradientALS, ExactALS, faster_model
from recsys_lib.errors import RecsysError
from recsys_lib.parameters import AlsParameters

_KINDS: dict[str, type[ExactALS] | type[ConjugateGradientALS]] = {
    "exact": ExactALS,
    "cg": ConjugateGradientALS,
}


class TrainingError(RecsysError):
    """The factors did not stay finite."""


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


def new_model(
    parameters: AlsParameters, kind: type[ExactALS] | type[ConjugateGradientALS] = ExactALS
) -> ExactALS | ConjugateGradientALS:
    """An untrained model with our parameters; kinds differ in nothing but the training."""
    with threadpool_limits(1, "blas"):  # implicit warns about BLAS threads when it is made
        return kind(
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
    kind = _KINDS.get(parameters.solver) or faster_model(user_items, parameters.factors)
    model, history = new_model(parameters, kind), []

    def record(index: int, seconds: float, loss: float) -> bool:
        """Note the iteration; True ends the training."""
        history.append(Iteration(index + 1, seconds, loss))
        if on_iteration is not None:
            on_iteration(history[-1])
        return _settled(history, parameters.tolerance)

    model.fit(user_items, show_progress=False, callback=record)
    converged = _settled(history, parameters.tolerance)
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
