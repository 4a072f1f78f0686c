"""Train implicit-feedback ALS, with early stopping.

Reference: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys_lib.als._distinct import SharedFactors
from recsys_lib.als._on_cluster import item_factors_on_cluster
from recsys_lib.als.confidences import confidence, liked
from recsys_lib.als.implicit_models import ConjugateGradientALS, ExactALS
from recsys_lib.als.solver_choice import choose_device, use_exact_solver
from recsys_lib.als.validation import Holdout
from recsys_lib.checkpoints import Checkpoints
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import TrainingError
from recsys_lib.parameters import AlsParameters
from recsys_lib.spark import Cluster

_HISTORY = "history"
_SETTLING = 3
"""Exact iterations after a training on a cluster."""
_PATIENCE = 3
"""The training stops after this many iterations without a better validation recall."""


@dataclass(frozen=True)
class Iteration:
    """One pass over users and items.

    Parameters
    ----------
    number: from 1.
    seconds: without the validation.
    loss: mean squared error weighted by confidence, plus the penalty.
    recall: recall@10 of the validation users, None without them.
    """

    number: int
    seconds: float
    loss: float
    recall: float | None = None


@dataclass(frozen=True)
class TrainedAls:
    """Factors of all users and items, and the course of the training.

    Parameters
    ----------
    users: factors of the users.
    item_factors: float32, shape (items, factors).
    history: one entry per iteration.
    converged: whether the loss settled before the iteration limit.
    validation: iterations of the first training, which held out the last interactions of the
        validation users to find the best number of iterations; empty without them.
    device: "cpu" or "cuda".
    """

    users: SharedFactors
    item_factors: np.ndarray
    history: list[Iteration]
    converged: bool
    validation: list[Iteration] = field(default_factory=list)
    device: str = "cpu"

    @cached_property
    def user_factors(self) -> np.ndarray:
        """float32, shape (users, factors): of all users, gigabytes where there are millions."""
        return self.users.of_all()

    @property
    def reason(self) -> str:
        """Why the training ended, in words."""
        if self.validation:
            return f"recall peaked at iteration {len(self.history)} of {len(self.validation)}"
        return "the loss settled" if self.converged else "the iteration limit was reached"

    @property
    def losses(self) -> list[float]:
        """The loss of each iteration."""
        return [iteration.loss for iteration in self.history]


OnIteration = Callable[[Iteration], None]


def train_als(
    interactions: Interactions,
    parameters: AlsParameters,
    on_iteration: OnIteration | None = None,
    *,
    start: np.ndarray | None = None,
    checkpoints: Checkpoints | None = None,
    cluster: Cluster | None = None,
) -> TrainedAls:
    """Factorize the interactions.

    The training ends when the loss settles. With ``validation_users``, a first training on part
    of the data finds the number of iterations with the best recall, and a second one on all data
    runs that many.

    Parameters
    ----------
    interactions : Interactions
    parameters : AlsParameters
    on_iteration : callable, optional
        Called with an :class:`Iteration` after each one.
    start : numpy.ndarray, optional
        Initial item factors, float32 (items, factors); random by default.
    checkpoints : Checkpoints, optional
        Where the state of a long training is kept now and then, so that the same call goes on
        from it after a kill, to equal results.
    cluster : Cluster, optional
        Where Spark trains the item factors. A few exact iterations here then settle them, since
        Spark's lambda is another one, see :mod:`recsys_lib.als._on_cluster`.

    Returns
    -------
    TrainedAls

    Raises
    ------
    ParameterError
        If there are more factors than users or items, or nobody to validate with.
    TrainingError
        If the factors did not stay finite.
    EngineError
        If the cluster is not there, or could not train.

    Examples
    --------
    Ann and Bob like items 0 and 1, Cy and Dee like items 2 and 3.

    >>> from recsys_lib.ids import IdMap
    >>> user, item = np.divmod(np.arange(8, dtype=np.int32), 2)
    >>> interactions = Interactions(
    ...     users=IdMap(["ann", "bob", "cy", "dee"]),
    ...     items=IdMap(["i0", "i1", "i2", "i3"]),
    ...     user=user,
    ...     item=item + user // 2 * 2,
    ...     rating=np.full(8, 5, dtype=np.float32),
    ...     timestamp=np.arange(8),
    ... )
    >>> parameters = AlsParameters(factors=2, iterations=5, num_threads=1)
    >>> trained = train_als(interactions, parameters)
    >>> trained.reason
    'the iteration limit was reached'
    >>> (trained.user_factors @ trained.item_factors.T).round() + 0
    array([[1., 1., 0., 0.],
           [1., 1., 0., 0.],
           [0., 0., 1., 1.],
           [0., 0., 1., 1.]], dtype=float32)
    """
    parameters.check_data({"users": len(interactions.users), "items": len(interactions.items)})
    validation: list[Iteration] = []
    tell, kept = on_iteration or _say_nothing, checkpoints or Checkpoints()
    if parameters.validation_users:
        holdout = Holdout.from_interactions(interactions, parameters)
        rest = liked(confidence(holdout.rest, parameters))
        validation = _fit(rest, parameters, tell, start, holdout, kept).history
        best = max(validation, key=lambda iteration: iteration.recall or 0.0)
        # The number of iterations is known now: the loss must not end the training earlier.
        parameters = parameters.model_copy(update={"iterations": best.number, "tolerance": 0.0})
    positive = liked(confidence(interactions, parameters))
    if cluster is not None:
        start = item_factors_on_cluster(positive, parameters, cluster)
        last = {"iterations": _SETTLING, "tolerance": 0.0, "momentum": False, "solver": "exact"}
        parameters = parameters.model_copy(update=last)
    trained = _fit(positive, parameters, tell, start, None, kept)
    trained.validation.extend(validation)
    return trained


def _say_nothing(_: Iteration) -> None:
    pass


def _fit(
    positive: sparse.csr_matrix,
    parameters: AlsParameters,
    on_iteration: OnIteration,
    start: np.ndarray | None,
    holdout: Holdout | None,
    checkpoints: Checkpoints,
) -> TrainedAls:
    device = "cpu" if parameters.solver == "cg" else choose_device(parameters.device)
    model: ExactALS | ConjugateGradientALS
    if use_exact_solver(positive, parameters, device, warm_start=start is not None):
        model = ExactALS.from_parameters(parameters)
        model.device, model.item_factors = device, start
    else:
        model = ConjugateGradientALS.from_parameters(parameters)
    history: list[Iteration] = []
    entries = (positive.shape, positive.indptr, positive.indices, positive.data)
    given = (type(model).__name__, device, parameters.model_dump(), start, *entries)
    held_out = (holdout.histories.indptr, holdout.items) if holdout else ()
    checkpoint = checkpoints.of("training", __file__, *given, *held_out)
    if kept := checkpoint.load():
        history += _from_rows(kept.pop(_HISTORY))
        model.go_on(kept, len(history))
        for iteration in history:
            on_iteration(iteration)

    def record(_: int, seconds: float, loss: float) -> bool:
        """Keep the iteration; True ends the training."""
        recall = holdout.recall(model.current_item_factors()) if holdout else None
        history.append(Iteration(len(history) + 1, seconds, loss, recall))
        on_iteration(history[-1])
        ends = _overfits(history) if holdout else _settled(history, parameters.tolerance)
        if not ends and len(history) < parameters.iterations:
            checkpoint.save_if_due(lambda: {**model.state(), _HISTORY: _as_rows(history)})
        return ends

    model.fit(positive, show_progress=False, callback=record)
    shared = model.shared if isinstance(model, ExactALS) else None
    users = shared or SharedFactors(model.user_factors)
    if not (np.isfinite(users.rows).all() and np.isfinite(model.item_factors).all()):
        raise TrainingError(
            "the factors are not finite: raise als.regularization or lower als.alpha"
        )
    converged = _settled(history, parameters.tolerance)
    return TrainedAls(users, model.item_factors, history, converged, device=device)


def _as_rows(history: list[Iteration]) -> np.ndarray:
    """float64, shape (iterations, 4); a missing recall is NaN."""
    return np.array([astuple(iteration) for iteration in history], dtype=np.float64)


def _from_rows(rows: np.ndarray) -> list[Iteration]:
    return [
        Iteration(int(number), seconds, loss, None if np.isnan(recall) else recall)
        for number, seconds, loss, recall in rows.tolist()
    ]


def _settled(history: list[Iteration], tolerance: float) -> bool:
    if len(history) < 2 or tolerance == 0:
        return False
    before, now = history[-2].loss, history[-1].loss
    # Momentum can go too far; what follows is an iteration without it, which does not rise.
    rises = now > before and (len(history) < 3 or history[-3].loss >= before)
    return not rises and before - now < tolerance * before


def _overfits(history: list[Iteration]) -> bool:
    recalls = [iteration.recall or 0.0 for iteration in history]
    return len(recalls) - 1 - int(np.argmax(recalls)) >= _PATIENCE
