"""Implicit-feedback ALS: training with an early stop.

Model and objective: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback
Datasets" (2008), with the confidences of :mod:`recsys_lib.als.confidence`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als.confidence import confidence, liked
from recsys_lib.als.costs import exact_is_faster
from recsys_lib.als.device import choose_device
from recsys_lib.als.model import ConjugateGradientALS, ExactALS
from recsys_lib.als.validation import Holdout
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import TrainingError
from recsys_lib.parameters import AlsParameters

_PATIENCE = 3
"""Iterations without a better validation recall after which no better one is expected."""


@dataclass(frozen=True)
class Iteration:
    """What one pass over both sides did.

    Parameters
    ----------
    number: from 1.
    seconds: without the validation.
    loss: the mean squared error after it, weighted by confidence and regularized.
    recall: recall@10 of the validation users, None without them.
    """

    number: int
    seconds: float
    loss: float
    recall: float | None = None


@dataclass(frozen=True)
class TrainedAls:
    """Factors of all users and items, and how the training went.

    Parameters
    ----------
    user_factors, item_factors: float32, shapes (users, factors) and (items, factors).
    history: one entry per iteration that was run.
    converged: whether the loss stopped falling before the last allowed iteration.
    validation: the iterations of a training before it, without the validation users' last
        interactions, which found the best number of iterations; empty when that was not asked for.
    device: "cpu" or "cuda".
    """

    user_factors: np.ndarray
    item_factors: np.ndarray
    history: list[Iteration]
    converged: bool
    validation: list[Iteration] = field(default_factory=list)
    device: str = "cpu"

    @property
    def reason(self) -> str:
        """Why the training ended, in words."""
        if self.validation:
            return f"recall was best after {len(self.history)} of {len(self.validation)} passes"
        return "the loss settled" if self.converged else "the iteration limit was reached"

    @property
    def losses(self) -> list[float]:
        """The loss of each iteration."""
        return [iteration.loss for iteration in self.history]


OnIteration = Callable[[Iteration], None]
_Model = TypeVar("_Model", ExactALS, ConjugateGradientALS)


def new_model(parameters: AlsParameters) -> ExactALS:
    """An untrained model with our parameters, which takes confidences: alpha is in them."""
    return _model(ExactALS, parameters, frequency_scaling=parameters.frequency_scaling)


def _model(kind: type[_Model], parameters: AlsParameters, **more: Any) -> _Model:
    with threadpool_limits(1, "blas"):  # implicit warns about BLAS threads when it is made
        return kind(
            factors=parameters.factors,
            regularization=parameters.regularization,
            alpha=1.0,
            iterations=parameters.iterations,
            calculate_training_loss=True,
            num_threads=parameters.num_threads,
            random_state=parameters.seed,
            **more,
        )


def train_als(
    interactions: Interactions,
    parameters: AlsParameters,
    on_iteration: OnIteration | None = None,
    *,
    start: np.ndarray | None = None,
) -> TrainedAls:
    """Factorize the interactions, until the loss settles or the validation recall falls.

    ``on_iteration`` is called after each pass, ``start`` are item factors to begin with. Raises
    ParameterError when there are more factors than users or items, and TrainingError when the
    factors did not stay finite.
    """
    parameters.check_data({"users": len(interactions.users), "items": len(interactions.items)})
    validation: list[Iteration] = []
    if parameters.validation_users:
        holdout = Holdout.from_interactions(interactions, parameters)
        rest = liked(confidence(holdout.rest, parameters))
        validation = _fit(rest, parameters, on_iteration, start, holdout).history
        best = max(validation, key=lambda iteration: iteration.recall or 0.0)
        # Settling is not asked for any more: the number of iterations is known.
        parameters = parameters.model_copy(update={"iterations": best.number, "tolerance": 0.0})
    positive = liked(confidence(interactions, parameters))
    trained = _fit(positive, parameters, on_iteration, start, None)
    trained.validation.extend(validation)
    return trained


def _fit(
    positive: sparse.csr_matrix,
    parameters: AlsParameters,
    on_iteration: OnIteration | None,
    start: np.ndarray | None,
    holdout: Holdout | None,
) -> TrainedAls:
    device = "cpu" if parameters.solver == "cg" else choose_device(parameters.device)
    model: ExactALS | ConjugateGradientALS = _model(ConjugateGradientALS, parameters)
    if _exactly(positive, parameters, device, start is not None):
        model = new_model(parameters)
        model.device, model.item_factors = device, start
    history: list[Iteration] = []

    def record(index: int, seconds: float, loss: float) -> bool:
        """Note the iteration; True ends the training."""
        recall = holdout.recall(model.current_item_factors()) if holdout else None
        history.append(Iteration(index + 1, seconds, loss, recall))
        if on_iteration is not None:
            on_iteration(history[-1])
        return _overfits(history) if holdout else _settled(history, parameters.tolerance)

    model.fit(positive, show_progress=False, callback=record)
    if not (np.isfinite(model.user_factors).all() and np.isfinite(model.item_factors).all()):
        raise TrainingError(
            "the factors are not finite: raise als.regularization or lower als.alpha"
        )
    converged = _settled(history, parameters.tolerance)
    return TrainedAls(model.user_factors, model.item_factors, history, converged, device=device)


def _exactly(
    positive: sparse.csr_matrix, parameters: AlsParameters, device: str, warm: bool
) -> bool:
    """Conjugate gradient has but one lambda, no GPU here, and no start from items alone."""
    if parameters.solver != "auto" or device != "cpu" or warm or parameters.frequency_scaling:
        return parameters.solver != "cg"
    return exact_is_faster(positive, parameters.factors)


def _settled(history: list[Iteration], tolerance: float) -> bool:
    if len(history) < 2 or tolerance == 0:
        return False
    before, now = history[-2].loss, history[-1].loss
    return before - now < tolerance * before


def _overfits(history: list[Iteration]) -> bool:
    recalls = [iteration.recall or 0.0 for iteration in history]
    return len(recalls) - 1 - int(np.argmax(recalls)) >= _PATIENCE
