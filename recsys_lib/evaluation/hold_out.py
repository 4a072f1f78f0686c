"""Hold out rows by a rule, three times: for the test, for judging, for learning.

The training part is split twice more by the same rule: what is held out last is for judging, what
is held out before that for learning. Candidate sources are fitted on the rest, weights are learned
on the learning part, and the model to serve is chosen on the judging part, which is later and took
no part in learning. The test part only measures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError
from recsys_lib.evaluation.train_test import HeldOut, TrainTest
from recsys_lib.parameters import EvaluateParameters

Rule = Callable[[Interactions], np.ndarray]
"""Gives the rows to hold out, as a bool mask."""
_LEARNERS = 0.5
"""Share of the users with one validation part alone who learn; the others judge."""


def split_by_rule(
    interactions: Interactions, rule: Rule, seed: int, test_rule: Rule | None = None
) -> TrainTest:
    """Split by ``rule``; ``test_rule`` holds out the test part, by default the same."""
    _check_order(interactions)
    train, test = _divided(interactions, test_rule or rule)
    before_judging, last = _divided(train, rule)
    fitting, earlier = _divided(before_judging, rule)
    # Users of one validation part alone: half of them learn, so that few data are not lost.
    only_last = ~np.isin(last.user, earlier.user)
    learns = np.random.default_rng(seed).random(len(interactions.users)) < _LEARNERS
    moved = only_last & learns[last.user]
    return TrainTest(
        train=train,
        test=HeldOut(test),
        fitting=fitting,
        learning=HeldOut(earlier.joined(last.select(moved))),
        before_judging=before_judging,
        judging=HeldOut(last.select(~moved)),
    )


def _divided(interactions: Interactions, rule: Rule) -> tuple[Interactions, Interactions]:
    """What is left, and what ``rule`` holds out."""
    held_out = rule(interactions) if len(interactions) else np.zeros(0, dtype=bool)
    return interactions.select(~held_out), interactions.select(held_out)


def require_test_part(split: TrainTest, parameters: EvaluateParameters) -> None:
    """InputDataError, with the reason and a remedy, when nothing could be held out."""
    if len(split.test_users):
        return
    if parameters.split in ("time", "rolling"):
        raise InputDataError(
            "all interactions have the same time, so nothing comes after the others: choose "
            "evaluate.split last or random"
        )
    if parameters.split == "last" and parameters.last == "basket":
        raise InputDataError(
            "no user has interactions at two different times, so no basket can be held out: choose "
            "evaluate.last item"
        )
    raise InputDataError(
        "no user has two interactions, so nothing can be held out: "
        "leave the evaluation out with --steps etl,als,embed"
    )


def _check_order(interactions: Interactions) -> None:
    """In another order the future would leak into training."""
    user, time = interactions.user, interactions.timestamp
    same_user = user[1:] == user[:-1]
    if (user[1:] < user[:-1]).any() or (time[1:] < time[:-1])[same_user].any():
        raise InputDataError(
            "the interactions are not in the order of user, then time, so the last ones of a user "
            "are unknown: run the etl step again"
        )
