"""What people took, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.als.confidence import confidence
from recsys_lib.als.distinct import DistinctRows
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters


@dataclass(frozen=True)
class Histories:
    """The items of each person, oldest first.

    Parameters
    ----------
    indptr: int64, shape (people + 1,): person p has the entries indptr[p] to indptr[p + 1].
    items: int32, shape (entries,): rows of items.
    confidences: float32, shape (entries,): those of ALS; 0 for what was seen and not liked.
    n_items: how many items there are.
    """

    indptr: np.ndarray
    items: np.ndarray
    confidences: np.ndarray
    n_items: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @classmethod
    def from_interactions(cls, interactions: Interactions, parameters: AlsParameters) -> Histories:
        """Of every user, in the order of the user rows; empty for users without any."""
        counts = np.bincount(interactions.user, minlength=len(interactions.users))
        indptr = np.concatenate([[0], np.cumsum(counts)])
        confidences = np.empty(len(interactions), dtype=np.float32)
        in_rows = np.lexsort((interactions.item, interactions.user))
        confidences[in_rows] = confidence(interactions, parameters).data
        return cls(indptr, interactions.item, confidences, len(interactions.items))

    @classmethod
    def from_items(
        cls, items: Sequence[int] | np.ndarray, confidence: float, n_items: int
    ) -> Histories:
        """Of one person who took ``items`` (rows), oldest first, and likes all alike."""
        rows = np.asarray(items, dtype=np.int32)
        confidences = np.full(len(rows), confidence, dtype=np.float32)
        return cls(np.array([0, len(rows)]), rows, confidences, n_items)

    @property
    def lengths(self) -> np.ndarray:
        """Entries of each person, shape (people,)."""
        return np.diff(self.indptr)

    @property
    def person(self) -> np.ndarray:
        """Whose each entry is, shape (entries,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, people: np.ndarray) -> Histories:
        """The histories of these people, in this order."""
        lengths = self.lengths[people]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(indptr[-1]) + np.repeat(self.indptr[people] - indptr[:-1], lengths)
        return Histories(indptr, self.items[places], self.confidences[places], self.n_items)

    def distinct(self) -> tuple[np.ndarray, np.ndarray]:
        """People with the same items and confidences in the same order are one group.

        Returns the group of each person, int64 (people,), and a person of each, int64 (groups,).
        """
        place = np.arange(len(self.items)) - np.repeat(self.indptr[:-1], self.lengths)
        values = (self.confidences, place.astype(np.float32))
        rows = sparse.hstack([self.matrix(value) for value in values], format="csr")
        rows.sort_indices()
        group = DistinctRows.of(rows).group
        return group, np.unique(group, return_index=True)[1]

    def recency(self, half_life: float) -> np.ndarray:
        """1 for the newest item of a person, halved every ``half_life`` items back in time.

        float32, shape (entries,); 0 for what was not liked.
        """
        newer = np.repeat(self.indptr[1:], self.lengths) - 1 - np.arange(len(self.items))
        return np.where(self.confidences > 0, np.exp2(-newer / half_life), 0).astype(np.float32)

    def matrix(self, values: np.ndarray) -> sparse.csr_matrix:
        """One value for each entry, as a matrix of shape (people, items)."""
        shape = (len(self), self.n_items)
        return sparse.csr_matrix((values, self.items.copy(), self.indptr), shape=shape)
