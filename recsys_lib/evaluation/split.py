"""Split interactions into a training part and a test part that models must predict.

The training part is split twice more by the same rule: what is held out last is for judging, what
is held out before that for learning. Candidate sources are fitted on the rest, weights are learned
on the learning part, and the model to serve is chosen on the judging part, which is later and took
no part in learning. The test part only measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
from scipy import sparse

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError, ParameterError, did_you_mean
from recsys_lib.parameters import EvaluateParameters

Rule = Callable[[Interactions], np.ndarray]
"""Gives the rows to hold out, as a bool mask."""
_LEARNERS, _MOST_TESTED = 0.5, 0.8
"""Share of users with one validation part who learn; most that a back-test may hold out."""


@dataclass(frozen=True)
class HeldOut:
    """Interactions to predict.

    Parameters
    ----------
    interactions: the rows, in the order of user, then time.
    """

    interactions: Interactions

    @cached_property
    def users(self) -> np.ndarray:
        """The users to predict for: row numbers, ascending, int32, shape (n,)."""
        return np.unique(self.interactions.user)

    @cached_property
    def row(self) -> np.ndarray:
        """For each interaction the position of its user in ``users``."""
        return np.searchsorted(self.users, self.interactions.user)

    @cached_property
    def relevant(self) -> sparse.csr_matrix:
        """1 where a user took an item, float32, shape (n, items)."""
        ones = np.ones(len(self.interactions), dtype=np.float32)
        shape = (len(self.users), len(self.interactions.items))
        return sparse.csr_matrix((ones, (self.row, self.interactions.item)), shape=shape)

    def of_users(self, users: np.ndarray) -> HeldOut:
        """Only the interactions of these users."""
        return HeldOut(self.interactions.select(np.isin(self.interactions.user, users)))

    def sample(self, max_users: int, seed: int) -> HeldOut:
        """Keep at most ``max_users`` users, drawn at random."""
        if len(self.users) <= max_users:
            return self
        return self.of_users(
            np.random.default_rng(seed).choice(self.users, max_users, replace=False)
        )


@dataclass(frozen=True)
class TrainTest:
    """Interactions to learn from and interactions to predict; row numbers do not change.

    ``train`` is ``fitting``, ``learning`` and ``judging`` together.

    Parameters
    ----------
    train: what a model may see before the test.
    test: what it must predict.
    fitting: what candidate sources are trained on for all choices.
    learning: what weights are learned from; the history before it is ``fitting``.
    before_judging: ``train`` without all that is held out last: the history before ``judging``.
    judging: what the choice of the served model is made on. Users of whom only one part could be
        held out are divided at random between ``learning`` and ``judging``.
    """

    train: Interactions
    test: HeldOut
    fitting: Interactions
    learning: HeldOut
    before_judging: Interactions
    judging: HeldOut

    @property
    def test_users(self) -> np.ndarray:
        """Row numbers of the test users."""
        return self.test.users

    @property
    def test_items(self) -> np.ndarray:
        """The item of each held-out interaction, in the order of user, then time."""
        return self.test.interactions.item

    @cached_property
    def history_length(self) -> np.ndarray:
        """Training interactions of each test user; 0 for a cold user."""
        return np.bincount(self.train.user, minlength=len(self.train.users))[self.test_users]

    @cached_property
    def item_popularity(self) -> np.ndarray:
        """Training interactions of each item; 0 for a cold item."""
        return np.bincount(self.train.item, minlength=len(self.train.items))

    def counts(self) -> dict[str, int]:
        """Sizes of the parts. Cold items and users have no training interaction.

        They stay in the denominator of every metric.
        """
        items = self.test.interactions.item
        return {
            "test users": len(self.test_users),
            "cold test users": int((self.history_length == 0).sum()),
            "users without held-out items": len(self.train.users) - len(self.test_users),
            "held-out interactions": len(items),
            "held-out interactions of cold items": int((self.item_popularity[items] == 0).sum()),
            "training interactions": len(self.train),
            "out of these, to learn weights": len(self.learning.interactions),
            "out of these, to choose the served model": len(self.judging.interactions),
            "items ranked per user": len(self.train.items),
        }

    def of_events(self, names: Sequence[str]) -> TrainTest:
        """Hold out only interactions with one of these event types; the others are left out.

        ParameterError for a name that the data do not have.
        """
        types = self.train.event_types
        for name in names:
            if name not in types:
                known = f"the data have {', '.join(types)}" if types else "there are no event types"
                hint = did_you_mean(name, types)
                raise ParameterError(f"evaluate.target_events names {name!r}, but {known}{hint}")
        wanted = np.uint32(sum(1 << types.index(name) for name in names))

        def kept(part: HeldOut) -> HeldOut:
            return HeldOut(part.interactions.select((part.interactions.events & wanted) > 0))

        return replace(
            self, test=kept(self.test), learning=kept(self.learning), judging=kept(self.judging)
        )

    def sample(self, max_users: int, seed: int) -> TrainTest:
        """Keep at most ``max_users`` test users, drawn at random; training is not sampled."""
        if len(self.test_users) <= max_users:
            return self
        return replace(self, test=self.test.sample(max_users, seed))


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

    return _split(interactions, last, seed)


def split_at_time(interactions: Interactions, share: float = 0.1, *, seed: int = 0) -> TrainTest:
    """Hold out everything after one moment: about the last ``share`` of all interactions.

    Nothing in training is later than anything held out. Users who came later are cold.
    """
    return _split(interactions, partial(_newest_share, share=share), seed)


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

    return _split(interactions, drawn, seed)


def back_test(
    interactions: Interactions, cuts: int, share: float, *, seed: int = 0
) -> list[TrainTest]:
    """Splits at several times, oldest first: train before each, test on what follows it.

    Each test part has about ``share`` of all interactions and ends where the next one starts; the
    last ends with the data. ParameterError without times, or when the parts take all interactions.
    """
    _check_times(interactions)
    if cuts * share > _MOST_TESTED:
        raise ParameterError(
            f"evaluate.cuts ({cuts}) times evaluate.share ({share}) leaves too little to train on "
            f"before the first time: keep the product at most {_MOST_TESTED}"
        )
    levels = 1 - share * np.arange(cuts, -1, -1)
    moments = np.quantile(interactions.timestamp, levels, method="lower")
    splits = []
    for start, stop in pairwise(moments):
        known = interactions.select(interactions.timestamp <= stop)
        tested = partial(_later_than, moment=start)
        splits.append(_split(known, partial(_newest_share, share=share), seed, tested))
    return splits


def _newest_share(interactions: Interactions, share: float) -> np.ndarray:
    return _later_than(interactions, np.quantile(interactions.timestamp, 1 - share, method="lower"))


def _later_than(interactions: Interactions, moment: float) -> np.ndarray:
    return np.asarray(interactions.timestamp > moment)


def _split(
    interactions: Interactions, rule: Rule, seed: int, test_rule: Rule | None = None
) -> TrainTest:
    """Split by ``rule``; ``test_rule`` holds out the test part, by default the same."""
    _check_order(interactions)
    train, test = _hold_out(interactions, test_rule or rule)
    before_judging, last = _hold_out(train, rule)
    fitting, earlier = _hold_out(before_judging, rule)
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


def _hold_out(interactions: Interactions, rule: Rule) -> tuple[Interactions, Interactions]:
    """What is left, and what ``rule`` holds out."""
    held_out = rule(interactions) if len(interactions) else np.zeros(0, dtype=bool)
    return interactions.select(~held_out), interactions.select(held_out)


def _check_order(interactions: Interactions) -> None:
    """In another order the future would leak into training."""
    user, time = interactions.user, interactions.timestamp
    same_user = user[1:] == user[:-1]
    if (user[1:] < user[:-1]).any() or (time[1:] < time[:-1])[same_user].any():
        raise InputDataError(
            "the interactions are not in the order of user, then time, so the last ones of a user "
            "are unknown: run the etl step again"
        )


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
    ParameterError
        When a split by time is asked for and there are no times.

    Examples
    --------
    >>> from recsys_lib.ids import IdMap
    >>> rows, ones = np.arange(4, dtype=np.int32), np.ones(4, np.float32)
    >>> users, items = IdMap(["u", "v"]), IdMap(["a", "b", "c", "d"])
    >>> interactions = Interactions(users, items, rows // 2, rows, ones, rows)
    >>> split_by(interactions, EvaluateParameters(n_last=1)).test_items.tolist()
    [1, 3]
    """
    split = _split_by_rule(interactions, parameters)
    return split.of_events(parameters.target_events) if parameters.target_events else split


def _split_by_rule(interactions: Interactions, parameters: EvaluateParameters) -> TrainTest:
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
