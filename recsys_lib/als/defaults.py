"""Parameters of ALS that fit the data: whatever is ``auto`` is chosen on held-out interactions.

How much regularization helps depends on how many interactions there are for each user and item, and
no formula in these counts was right for small and large, dense and sparse data alike; so a few
values are tried. Each trial is a short training without the last two interactions of each user,
judged by nDCG@50 on the last but one: the last is left for the test of 04_evaluate. The recall of
ten is what people read, but it counts too few hits to choose by: with 253 users the best and the
worst of six trials were five people apart. In a shop of few items the lists are shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from recsys_lib.als.confidences import confidence, liked
from recsys_lib.als.implicit_models import ExactALS
from recsys_lib.checkpoints import Checkpoint, Checkpoints
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AUTO, AlsParameters, AlsSettings
from recsys_lib.ranking import MaximumInnerProduct

_LONGEST, _MOST_OF_SHOP = 50, 0.25
"""Lists that are judged: fifty items, but at most this share of all items."""
_FACTORS = (16, 64, 128)
_REGULARIZATION = (3.0, 10.0, 50.0)
_CONFIDENCE, _ALPHA = "constant", 10.0
_FEWEST_USERS = 30
_USERS = 3_000
_ITERATIONS = 8
_MOST_INTERACTIONS = 1_000_000
"""Above this, trials take minutes, and the values that were best at this size are taken."""
_LARGE = {"factors": 128, "regularization": 10.0}


@dataclass(frozen=True)
class ChosenAls:
    """Parameters without ``auto``, and why.

    Parameters
    ----------
    parameters: for the training.
    trials: columns factors, regularization, ndcg@50 (in a shop of few items of a shorter list);
        empty where nothing was tried.
    reason: a sentence for the notebook.
    """

    parameters: AlsParameters
    trials: pl.DataFrame
    reason: str


def choose_parameters(
    interactions: Interactions, settings: AlsSettings, checkpoints: Checkpoints | None = None
) -> ChosenAls:
    """Replace every ``auto`` by a value; given values always stay.

    Parameters
    ----------
    interactions
        All interactions; the last of each user is not used.
    settings
        Parameters of the als step.
    checkpoints
        Where finished trials are kept, so that the same call goes on after a kill.

    Returns
    -------
    ChosenAls
        The parameters, the trials behind them, and a sentence that says which and why.

    Examples
    --------
    >>> from recsys_lib.ids import IdMap
    >>> one = np.zeros(1, dtype=np.int32)
    >>> single = Interactions(IdMap(["u"]), IdMap(["a"]), one, one, np.ones(1, np.float32), one)
    >>> chosen = choose_parameters(single, AlsSettings(alpha=2.0))
    >>> chosen.parameters.factors, chosen.parameters.alpha
    (1, 2.0)
    """
    of_training = settings.model_dump(include={*AlsParameters.model_fields})
    given = {name: value for name, value in of_training.items() if value != AUTO}
    given |= {"solver": settings.solver, "device": settings.device}  # their auto is for the solver
    fixed = {"confidence": _CONFIDENCE, "alpha": _ALPHA, **given}
    most = min(len(interactions.users), len(interactions.items))
    large = {**_LARGE, "factors": min(_LARGE["factors"], max(most // 2, 1))}
    if {"factors", "regularization"} <= given.keys():
        return _without_trials({**large, **fixed}, "All parameters were given.")
    if len(interactions) > _MOST_INTERACTIONS:
        return _without_trials(
            {**large, **fixed},
            f"More than {_MOST_INTERACTIONS:,} interactions: default factors and regularization.",
        )
    judged = _Judge.from_interactions(interactions, settings.seed)
    if judged is None:
        reason = f"Fewer than {_FEWEST_USERS} users have three interactions: nothing was tried."
        return _without_trials({**large, **fixed}, reason)
    sizes = [given["factors"]] if "factors" in given else _sizes(most)
    lambdas = [given["regularization"]] if "regularization" in given else list(_REGULARIZATION)
    metric, rows = f"ndcg@{judged.k}", []
    combinations = list(product(sizes, lambdas))
    checkpoint = judged.checkpoint(checkpoints or Checkpoints(), fixed, combinations)
    kept = checkpoint.load()
    values = kept["values"].tolist() if kept else []
    for factors, regularization in combinations[len(values) :]:
        tried = {**fixed, "factors": factors, "regularization": regularization}
        values.append(judged.ndcg(AlsParameters(**tried)))
        checkpoint.save_if_due(lambda: {"values": np.array(values)})
    for (factors, regularization), value in zip(combinations, values, strict=True):
        rows.append({"factors": factors, "regularization": regularization, metric: value})
    best = max(rows, key=lambda row: row[metric])
    chosen = {**fixed, "factors": best["factors"], "regularization": best["regularization"]}
    return ChosenAls(
        AlsParameters(**chosen),
        pl.DataFrame(rows),
        f"Best of {len(rows)} short trainings by {metric} on held-out interactions: "
        f"{best['factors']} factors, regularization {best['regularization']:g}.",
    )


def _without_trials(values: dict[str, object], reason: str) -> ChosenAls:
    return ChosenAls(AlsParameters.model_validate(values), pl.DataFrame(), reason)


def _sizes(most: int) -> list[int]:
    """Numbers of factors to try: at most half of the users or items."""
    return sorted({min(size, max(most // 2, 1)) for size in _FACTORS})


@dataclass(frozen=True)
class _Judge:
    """Users, what to train on, and the item each of them took next.

    Parameters
    ----------
    rest: without the last two interactions of each user.
    users: rows, shape (n,).
    wanted: an item for each of ``users``.
    """

    rest: Interactions
    users: np.ndarray
    wanted: np.ndarray

    @classmethod
    def from_interactions(cls, interactions: Interactions, seed: int) -> _Judge | None:
        """None when too few users have three interactions."""
        train = interactions.select(~interactions.last())
        last = train.last()
        rest, held_out = train.select(~last), train.select(last)
        if len(held_out) < _FEWEST_USERS:
            return None
        drawn = np.random.default_rng(seed).permutation(len(held_out))[:_USERS]
        return cls(rest, held_out.user[drawn], held_out.item[drawn])

    @property
    def k(self) -> int:
        """Length of the lists."""
        return min(_LONGEST, max(int(_MOST_OF_SHOP * len(self.rest.items)), 1))

    def checkpoint(self, checkpoints: Checkpoints, *given: object) -> Checkpoint:
        """What is kept of the trials with these values."""
        data = self.rest
        rows = (data.user, data.item, data.rating, data.timestamp, data.count, data.events)
        sizes = (len(data.users), len(data.items))
        return checkpoints.of("trials", __file__, given, sizes, *rows, self.users, self.wanted)

    def ndcg(self, parameters: AlsParameters) -> float:
        """nDCG@k of the users' one item each in the list of their ``k`` best new ones."""
        short = parameters.model_copy(update={"iterations": _ITERATIONS, "solver": "exact"})
        model = ExactALS.from_parameters(short)
        user_items = liked(confidence(self.rest, short))
        model.fit(user_items)
        items = MaximumInnerProduct.from_factors(np.asarray(model.item_factors))
        vectors = np.asarray(model.user_factors)[self.users]
        lists, _ = items.best(vectors, user_items[self.users], self.k)
        gains = (lists == self.wanted[:, None]) / np.log2(np.arange(2, self.k + 2))
        return float(gains.sum(axis=1).mean())
