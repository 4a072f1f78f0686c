"""Split interactions into a training part and a test part that models must predict.

The training part is split again, by the same rule, into a fitting part and a validation part.
Everything that is learned or chosen is chosen on the validation part; the test part only measures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EvaluateParameters

Rule = Callable[[Interactions], np.ndarray]
"""Gives the rows to hold out, as a bool mask."""


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

    Parameters
    ----------
    train: what a model may see before the test.
    test: what it must predict.
    fitting, validation: ``train``, split in the same way, for all choices.
    """

    train: Interactions
    test: HeldOut
    fitting: Interactions
    validation: HeldOut

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
            "validation interactions, out of these": len(self.validation.interactions),
            "items ranked per user": len(self.train.items),
        }

    def sample(self, max_users: int, seed: int) -> TrainTest:
        """Keep at most ``max_users`` test users, drawn at random; training is not sampled."""
        if len(self.test_users) <= max_users:
            return self
        return replace(self, test=self.test.sample(max_users, seed))


def leave_last_out(interactions: Interactions, n: int = 1) -> TrainTest:
    """Hold out the last n interactions of every user, but never a user's only one.

    Parameters
    ----------
    interactions
        In the order of user, then time. Of several at the same time the later row is held out.
    n
        How many to hold out per user.

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
    >>> ids, three = IdMap(["a", "b", "c"]), np.arange(3, dtype=np.int32)
    >>> ones = np.ones(3, np.float32)
    >>> history = Interactions(IdMap(["u"]), ids, np.zeros(3, np.int32), three, ones, three)
    >>> split = leave_last_out(history)
    >>> split.train.item.tolist(), split.test_items.tolist()
    ([0, 1], [2])
    >>> split.fitting.item.tolist(), split.validation.interactions.item.tolist()
    ([0], [1])
    """

    return _split(interactions, lambda rows: rows.last(n))


def split_at_time(interactions: Interactions, share: float = 0.1) -> TrainTest:
    """Hold out everything after one moment: about the last ``share`` of all interactions.

    Nothing in training is later than anything held out. Users who came later are cold.
    """

    def after(rows: Interactions) -> np.ndarray:
        moment = np.quantile(rows.timestamp, 1 - share, method="lower")
        return np.asarray(rows.timestamp > moment)

    return _split(interactions, after)


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

    return _split(interactions, drawn)


def _split(interactions: Interactions, rule: Rule) -> TrainTest:
    _check_order(interactions)
    held_out = rule(interactions)
    train = interactions.select(~held_out)
    for_validation = rule(train) if len(train) else np.zeros(0, dtype=bool)
    return TrainTest(
        train=train,
        test=HeldOut(interactions.select(held_out)),
        fitting=train.select(~for_validation),
        validation=HeldOut(train.select(for_validation)),
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


def split_by(interactions: Interactions, parameters: EvaluateParameters) -> TrainTest:
    """Split by the rule that ``parameters.split`` names.

    Parameters
    ----------
    interactions
        In the order of user, then time.
    parameters
        ``split`` is ``"last"`` (with ``n_last``), ``"time"`` or ``"random"`` (with ``share``).

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
    >>> rows, ones = np.arange(4, dtype=np.int32), np.ones(4, np.float32)
    >>> users, items = IdMap(["u", "v"]), IdMap(["a", "b", "c", "d"])
    >>> interactions = Interactions(users, items, rows // 2, rows, ones, rows)
    >>> split_by(interactions, EvaluateParameters(n_last=1)).test_items.tolist()
    [1, 3]
    """
    if parameters.split == "time":
        return split_at_time(interactions, parameters.share)
    if parameters.split == "random":
        return split_at_random(interactions, parameters.share, parameters.seed)
    return leave_last_out(interactions, parameters.n_last)
