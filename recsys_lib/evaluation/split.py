"""Hold out what a model must predict without having seen it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError


@dataclass(frozen=True)
class TrainTest:
    """Training interactions, and one later interaction of each test user.

    Parameters
    ----------
    train: what models may see; users and items keep their row numbers.
    test_users, test_items: int32, shape (n,): user ``test_users[i]`` took ``test_items[i]``.
    n_single: users with one interaction, which stay in training and are not tested.
    n_cold: test items that nobody has in training. No collaborative model can find them; they
        stay in the denominator of every metric.
    """

    train: Interactions
    test_users: np.ndarray
    test_items: np.ndarray
    n_single: int
    n_cold: int

    def sample(self, max_users: int, seed: int) -> TrainTest:
        """At most ``max_users`` of the test users, drawn at random; training stays whole."""
        if len(self.test_users) <= max_users:
            return self
        drawn = np.random.default_rng(seed).choice(len(self.test_users), max_users, replace=False)
        drawn.sort()
        items = self.test_items[drawn]
        n_cold = _count_cold(self.train, items)
        return replace(self, test_users=self.test_users[drawn], test_items=items, n_cold=n_cold)


def leave_last_out(interactions: Interactions) -> TrainTest:
    """Hold out the last interaction in time of every user who has at least two.

    Of several at the same time it is the later row. Raises InputDataError when the rows are not
    in the order of user, then time, as :class:`Interactions` promises.
    """
    _check_order(interactions)
    user = interactions.user
    ends = np.flatnonzero(np.diff(user, append=-1))
    counts = np.bincount(user, minlength=len(interactions.users))
    held_out = ends[counts[user[ends]] >= 2]
    in_train = np.ones(len(user), dtype=bool)
    in_train[held_out] = False
    train = interactions.select(in_train)
    return TrainTest(
        train=train,
        test_users=user[held_out],
        test_items=interactions.item[held_out],
        n_single=int((counts == 1).sum()),
        n_cold=_count_cold(train, interactions.item[held_out]),
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


def _count_cold(train: Interactions, items: np.ndarray) -> int:
    known = np.bincount(train.item, minlength=len(train.items)) > 0
    return int((~known[items]).sum())
