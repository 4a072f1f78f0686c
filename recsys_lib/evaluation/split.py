"""Hold out what a model must predict without having seen it: a test part and a validation part.

The validation part is held out of the training part in the same way as the test part of the
whole. What is learned or chosen, is learned on it; the test part is for measuring alone.
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
"""Which rows to hold out, a bool mask."""


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
        """The users to predict for, rows in ascending order, int32, shape (n,)."""
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
        """At most ``max_users`` of the users, drawn at random."""
        if len(self.users) <= max_users:
            return self
        return self.of_users(
            np.random.default_rng(seed).choice(self.users, max_users, replace=False)
        )


@dataclass(frozen=True)
class TrainTest:
    """Interactions to learn from and interactions to predict; row numbers stay what they are.

    Parameters
    ----------
    train: what a model may see before the test.
    test: what it must predict then.
    fitting, validation: the same two parts of ``train``, for all that has to be chosen.
    """

    train: Interactions
    test: HeldOut
    fitting: Interactions
    validation: HeldOut

    @property
    def test_users(self) -> np.ndarray:
        """Rows of the users who are tested."""
        return self.test.users

    @property
    def test_items(self) -> np.ndarray:
        """The item of each interaction that is held out, in the order of user, then time."""
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
        """What is tested and what is not. Cold: without any training interaction.

        Cold items and users stay in the denominator of every metric.
        """
        items = self.test.interactions.item
        return {
            "users tested": len(self.test_users),
            "of them cold": int((self.history_length == 0).sum()),
            "users not tested": len(self.train.users) - len(self.test_users),
            "interactions held out": len(items),
            "of them of cold items": int((self.item_popularity[items] == 0).sum()),
            "interactions to train on": len(self.train),
            "held out of these for validation": len(self.validation.interactions),
            "items ranked for each user": len(self.train.items),
        }

    def sample(self, max_users: int, seed: int) -> TrainTest:
        """At most ``max_users`` of the test users, drawn at random; training stays whole."""
        if len(self.test_users) <= max_users:
            return self
        return replace(self, test=self.test.sample(max_users, seed))


def leave_last_out(interactions: Interactions, n: int = 1) -> TrainTest:
    """Hold out the last n interactions in time of every user, but never a user's only one.

    Of several at the same time it is the later row.
    """

    return _split(interactions, lambda rows: rows.last(n))


def split_at_time(interactions: Interactions, share: float = 0.1) -> TrainTest:
    """Hold out everything after one moment: about the last ``share`` of all interactions.

    Nothing in training is later than anything held out. Users who came after it are cold.
    """

    def after(rows: Interactions) -> np.ndarray:
        moment = np.quantile(rows.timestamp, 1 - share, method="lower")
        return np.asarray(rows.timestamp > moment)

    return _split(interactions, after)


def split_at_random(interactions: Interactions, share: float = 0.2, seed: int = 0) -> TrainTest:
    """Hold out about ``share`` of each user's interactions, at least one, but never the only one.

    The future of a user helps to predict the past: results are better than in real use.
    """
    generator = np.random.default_rng(seed)

    def drawn(rows: Interactions) -> np.ndarray:
        counts = np.bincount(rows.user, minlength=len(rows.users))
        starts = np.cumsum(counts) - counts
        shuffled = np.lexsort((generator.random(len(rows)), rows.user))
        place = np.empty(len(rows), dtype=np.int64)
        place[shuffled] = np.arange(len(rows)) - starts[rows.user]
        wanted = np.maximum(np.round(share * counts), 1)
        return np.asarray(place < np.minimum(wanted, counts - 1)[rows.user])

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
    """In another order the future would leak into training, and the results would look too good."""
    user, time = interactions.user, interactions.timestamp
    same_user = user[1:] == user[:-1]
    if (user[1:] < user[:-1]).any() or (time[1:] < time[:-1])[same_user].any():
        raise InputDataError(
            "the interactions are not in the order of user, then time, so nobody's last one is "
            "known: run the etl step again"
        )


def split_by(interactions: Interactions, parameters: EvaluateParameters) -> TrainTest:
    """Split as the parameters say."""
    if parameters.split == "time":
        return split_at_time(interactions, parameters.share)
    if parameters.split == "random":
        return split_at_random(interactions, parameters.share, parameters.seed)
    return leave_last_out(interactions, parameters.n_last)
