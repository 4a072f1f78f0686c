"""What users took, in the order of time; items of one moment share a rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recsys_lib.als import DistinctRows, confidence
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters

_ENTRIES = ("items", "newer", "confidences", "strength", "liked")


@dataclass(frozen=True)
class Histories:
    """The items of each user, oldest first.

    Parameters
    ----------
    indptr
        int64, shape (users + 1,): user u has the entries indptr[u] to indptr[u + 1].
    items
        int32, shape (entries,): rows of items.
    newer
        int32, shape (entries,): how many items of the user are strictly newer. Entries of one
        moment have the same number: their order carries no information.
    confidences
        float32, shape (entries,): those of ALS; 0 for an item that was seen and not liked.
    strength
        float32, shape (entries,), in [0, 1]: how much an entry says, by event type and rating.
    liked
        bool, shape (entries,): whether the entry may be named as a reason.
    n_items
        Number of items.

    Examples
    --------
    >>> history = Histories.from_items([4, 1, 2], confidence=1.0, n_items=5)
    >>> history.lengths
    array([3])
    >>> history.recency(half_life=1.0)  # 1 for the newest item
    array([0.25, 0.5 , 1.  ], dtype=float32)
    """

    indptr: np.ndarray
    items: np.ndarray
    newer: np.ndarray
    confidences: np.ndarray
    strength: np.ndarray
    liked: np.ndarray
    n_items: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @classmethod
    def from_interactions(
        cls,
        interactions: Interactions,
        parameters: AlsParameters,
        signals: Signals = EqualSignals,
    ) -> Histories:
        """One history for each user, in the order of the user rows; some may be empty."""
        counts = np.bincount(interactions.user, minlength=len(interactions.users))
        # ALS orders the items of a user by number, a history by time.
        confidences = np.empty(len(interactions), dtype=np.float32)
        confidences[interactions.by_item()] = confidence(interactions, parameters).data
        strength = signals.strength(interactions) * (confidences > 0)
        return cls(
            indptr=np.concatenate([[0], np.cumsum(counts)]),
            items=interactions.item,
            newer=interactions.newer().astype(np.int32),
            confidences=confidences,
            strength=strength.astype(np.float32),
            liked=signals.liked(interactions) & (confidences > 0),
            n_items=len(interactions.items),
        )

    @classmethod
    def from_items(
        cls, items: Sequence[int] | np.ndarray, confidence: float, n_items: int
    ) -> Histories:
        """The history of one user who took ``items`` (rows), oldest first, and liked all alike."""
        n = len(items)
        newer = np.arange(n - 1, -1, -1, dtype=np.int32)
        return cls._of_strangers(np.array([0, n]), items, newer, confidence, n_items)

    @classmethod
    def of_one_item_each(cls, items: np.ndarray, confidence: float, n_items: int) -> Histories:
        """Histories of users who took one of ``items`` (rows) each, and liked it."""
        n = len(items)
        newer = np.zeros(n, dtype=np.int32)
        return cls._of_strangers(np.arange(n + 1), items, newer, confidence, n_items)

    @classmethod
    def _of_strangers(
        cls,
        indptr: np.ndarray,
        items: Sequence[int] | np.ndarray,
        newer: np.ndarray,
        confidence: float,
        n_items: int,
    ) -> Histories:
        n = len(newer)
        return cls(
            indptr=indptr,
            items=np.asarray(items, dtype=np.int32),
            newer=newer,
            confidences=np.full(n, confidence, dtype=np.float32),
            strength=np.ones(n, dtype=np.float32),
            liked=np.ones(n, dtype=bool),
            n_items=n_items,
        )

    @property
    def lengths(self) -> np.ndarray:
        """Number of entries of each user, shape (users,)."""
        return np.diff(self.indptr)

    @property
    def user(self) -> np.ndarray:
        """The user of each entry, shape (entries,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def sorted_items(self) -> np.ndarray:
        """The items of each user in ascending order, int32, shape (entries,)."""
        return self.items[np.lexsort((self.items, self.user))]

    def take(self, users: np.ndarray) -> Histories:
        """The histories of these users, in this order."""
        lengths = self.indptr[users + 1] - self.indptr[users]  # of these alone: there may be many
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.arange(indptr[-1]) + np.repeat(self.indptr[users] - indptr[:-1], lengths)
        return replace(
            self, indptr=indptr, **{name: getattr(self, name)[entries] for name in _ENTRIES}
        )

    def strong(self) -> Histories:
        """Only the entries that say something."""
        kept = self.strength > 0
        if kept.all():
            return self
        lengths = np.bincount(self.user[kept], minlength=len(self))
        return replace(
            self,
            indptr=np.concatenate([[0], np.cumsum(lengths)]),
            **{name: getattr(self, name)[kept] for name in _ENTRIES},
        )

    def distinct(self) -> tuple[np.ndarray, np.ndarray]:
        """Group users who have the same items, just as recent, confident and strong.

        Returns the group of each user, int64 (users,), and one user of each group, int64 (groups,).
        """
        values = (self.confidences, self.strength, self.newer.astype(np.float32))
        rows = sparse.hstack([self.matrix(value) for value in values], format="csr")
        rows.sort_indices()
        group = DistinctRows.from_matrix(rows).group
        return group, np.unique(group, return_index=True)[1]

    def recency(self, half_life: float) -> np.ndarray:
        """Strength of each entry, halved for every ``half_life`` items that are newer.

        float32, shape (entries,); 0 for items that were not liked.
        """
        return (self.strength * np.exp2(-self.newer / half_life)).astype(np.float32)

    def has_ages(self) -> np.ndarray:
        """Which users have an item that is older than their newest one, bool, shape (users,)."""
        return np.bincount(self.user, self.newer > 0, minlength=len(self)) > 0

    def matrix(self, values: np.ndarray) -> sparse.csr_matrix:
        """One value for each entry, as a matrix of shape (users, items)."""
        shape = (len(self), self.n_items)
        return sparse.csr_matrix((values, self.items.copy(), self.indptr), shape=shape)
