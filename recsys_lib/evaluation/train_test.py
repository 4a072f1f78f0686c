"""What a split gives: interactions to learn from, and interactions to predict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from recsys_lib.blend.signals import check_event_type
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError


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

        ParameterError for a name that the data do not have, and when none of them is held out.
        """
        types = self.train.event_types
        for name in names:
            check_event_type("evaluate.target_events", name, types)
        wanted = np.uint32(sum(1 << types.index(name) for name in names))

        def kept(part: HeldOut) -> HeldOut:
            return HeldOut(part.interactions.select((part.interactions.events & wanted) > 0))

        test = kept(self.test)
        if not len(test.users):
            raise ParameterError(
                f"none of the interactions held out for the test is of type {' or '.join(names)} "
                "(evaluate.target_events): hold out more (evaluate.n_last, evaluate.share), or "
                "predict other events"
            )
        return replace(self, test=test, learning=kept(self.learning), judging=kept(self.judging))

    def sample(self, max_users: int, seed: int) -> TrainTest:
        """Keep at most ``max_users`` test users, drawn at random; training is not sampled."""
        if len(self.test_users) <= max_users:
            return self
        return replace(self, test=self.test.sample(max_users, seed))
