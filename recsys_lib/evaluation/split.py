"""Ways to split interactions: the last of each user, by time, at random, at several times.

A training part is what models may see, a test part what they must predict.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.evaluation.hold_out import require_test_part, split_by_rule
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.parameters import EvaluateParameters

_MOST_TESTED = 0.8
"""Share of all interactions that a back-test may hold out at most."""


def leave_last_out(
    interactions: Interactions, n: int = 1, *, baskets: bool = False, seed: int = 0
) -> TrainTest:
    """Hold out the last n interactions of every user, but never all of them.

    Parameters
    ----------
    interactions
        In the order of user, then time.
    n
        How many to hold out per user.
    baskets
        Hold out the last n moments instead, each with all its interactions. Otherwise the order of
        the rows, a seeded shuffle, decides which interactions of one moment are the last.
    seed
        Of the users of whom only one part can be held out: they learn or judge.

    Returns
    -------
    The training and test part, and the training part split by the same rule.

    Raises
    ------
    InputDataError
        When the rows are in another order.

    Examples
    --------
    >>> from recsys_lib.ids import IdMap
    >>> ids, four = IdMap(["a", "b", "c", "d"]), np.arange(4, dtype=np.int32)
    >>> ones = np.ones(4, np.float32)
    >>> history = Interactions(IdMap(["u"]), ids, np.zeros(4, np.int32), four, ones, four)
    >>> split = leave_last_out(history)
    >>> split.train.item.tolist(), split.test_items.tolist()
    ([0, 1, 2], [3])
    >>> split.fitting.item.tolist(), split.learning.interactions.item.tolist()
    ([0], [1])
    >>> split.before_judging.item.tolist(), split.judging.interactions.item.tolist()
    ([0, 1], [2])
    """

    def last(rows: Interactions) -> np.ndarray:
        return rows.last_baskets(n) if baskets else rows.last(n)

    return split_by_rule(interactions, last, seed)


def split_at_time(interactions: Interactions, share: float = 0.1, *, seed: int = 0) -> TrainTest:
    """Hold out everything after one moment: about the last ``share`` of all interactions.

    Where more than that share the last moment, all of it is held out, but never all interactions.
    Nothing in training is later than anything held out. Users who came later are cold.
    """
    return split_by_rule(interactions, partial(_newest_share, share=share), seed)


def split_at_random(interactions: Interactions, share: float = 0.2, seed: int = 0) -> TrainTest:
    """Hold out about ``share`` of each user's interactions, at least one, but never the only one.

    A user's future then helps to predict the past, so results look better than in real use.
    """
    generator = np.random.default_rng(seed)

    def drawn(rows: Interactions) -> np.ndarray:
        counts = np.bincount(rows.user, minlength=len(rows.users))
        starts = np.cumsum(counts) - counts
        shuffled = np.lexsort((generator.random(len(rows)), rows.user))
        position = np.empty(len(rows), dtype=np.int64)
        position[shuffled] = np.arange(len(rows)) - starts[rows.user]
        wanted = np.maximum(np.round(share * counts), 1)
        return np.asarray(position < np.minimum(wanted, counts - 1)[rows.user])

    return split_by_rule(interactions, drawn, seed)


def back_test(
    interactions: Interactions, cuts: int, share: float, *, seed: int = 0
) -> list[TrainTest]:
    """Splits at several times, oldest first: train before each, test on what follows it.

    Each test part has about ``share`` of all interactions and ends where the next one starts; the
    last ends with the data. ParameterError without times, when the parts take all interactions, or
    when so many interactions share a time that a part would be empty.
    """
    _check_times(interactions)
    if cuts * share > _MOST_TESTED:
        raise ParameterError(
            f"evaluate.cuts ({cuts}) times evaluate.share ({share}) leaves too little to train on "
            f"before the first time: keep the product at most {_MOST_TESTED}"
        )
    levels = 1 - share * np.arange(cuts, -1, -1)
    moments = np.quantile(interactions.timestamp, levels, method="lower")
    if (np.diff(moments) == 0).any():
        raise ParameterError(
            f"evaluate.cuts ({cuts}) test parts of evaluate.share ({share}) are finer than the "
            f"times: there are {len(np.unique(interactions.timestamp)):,} different ones, and some "
            "parts would be empty: choose fewer cuts or a larger share"
        )
    splits = []
    for start, stop in pairwise(moments):
        known = interactions.select(interactions.timestamp <= stop)
        tested = partial(_later_than, moment=start)
        splits.append(split_by_rule(known, partial(_newest_share, share=share), seed, tested))
    return splits


def _newest_share(interactions: Interactions, share: float) -> np.ndarray:
    time = interactions.timestamp
    later = _later_than(interactions, np.quantile(time, 1 - share, method="lower"))
    if later.any():
        return later
    last = time == time.max()
    return last & ~last.all()


def _later_than(interactions: Interactions, moment: float) -> np.ndarray:
    return np.asarray(interactions.timestamp > moment)


def _check_times(interactions: Interactions) -> None:
    """Positions within a user say nothing about what happened first in the shop."""
    if not interactions.has_times:
        raise ParameterError(
            "evaluate.split is time or rolling, but the times of this dataset only order the "
            "interactions of one user: choose last or random"
        )


def split_by(interactions: Interactions, parameters: EvaluateParameters) -> TrainTest:
    """Split by the rule that ``parameters.split`` names.

    Parameters
    ----------
    interactions
        In the order of user, then time.
    parameters
        ``split`` is ``"last"`` (with ``n_last``, ``last``), ``"time"``, ``"random"`` (with
        ``share``) or ``"rolling"`` (with ``share`` and ``cuts``: its newest split).

    Returns
    -------
    The training and test part, and the training part split by the same rule.

    Raises
    ------
    InputDataError
        When the rows are in another order.
        When nothing can be held out: the message says why.
    ParameterError
        When a split by time is asked for and there are no times, or none of ``target_events`` is
        held out.

    Examples
    --------
    >>> from recsys_lib.ids import IdMap
    >>> rows, ones = np.arange(4, dtype=np.int32), np.ones(4, np.float32)
    >>> users, items = IdMap(["u", "v"]), IdMap(["a", "b", "c", "d"])
    >>> interactions = Interactions(users, items, rows // 2, rows, ones, rows)
    >>> split_by(interactions, EvaluateParameters(n_last=1)).test_items.tolist()
    [1, 3]
    """
    split = _split_as_named(interactions, parameters)
    require_test_part(split, parameters)
    return split.of_events(parameters.target_events) if parameters.target_events else split


def _split_as_named(interactions: Interactions, parameters: EvaluateParameters) -> TrainTest:
    seed = parameters.seed
    if parameters.split == "time":
        _check_times(interactions)
        return split_at_time(interactions, parameters.share, seed=seed)
    if parameters.split == "rolling":
        return back_test(interactions, parameters.cuts, parameters.share, seed=seed)[-1]
    if parameters.split == "random":
        return split_at_random(interactions, parameters.share, seed)
    baskets = parameters.last == "basket"
    return leave_last_out(interactions, parameters.n_last, baskets=baskets, seed=seed)
