"""What most users take, at any time and lately, as candidate sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import CandidateSource, ServedParts, Training
from recsys_lib.blend.sources.forms import SameForAll
from recsys_lib.data.interactions import Interactions

RECENT_SHARE = 0.1
"""Share of all interactions, the newest ones, that are recent."""


@dataclass(frozen=True)
class Popularity(CandidateSource):
    """The same for every user: log(1 + number of interactions).

    ``counts`` has the shape (items,).
    """

    name, label = "popular", "popular"
    personal, additive = False, True

    counts: np.ndarray

    @classmethod
    def train(cls, training: Training) -> Self | None:
        """Count all interactions."""
        return cls(training.popularity)

    def arrays(self) -> dict[str, np.ndarray]:
        """The counts."""
        return {"counts": self.counts}

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], parts: ServedParts) -> Self:
        """From the counts; those of products without interactions are 0."""
        return cls(parts.padded(arrays["counts"]))

    def scores(self, histories: Histories) -> np.ndarray:
        """The same row for each user."""
        return np.tile(self._row, (len(histories), 1))

    def compact(self, histories: Histories) -> SameForAll:
        """That row, once."""
        return SameForAll(self._row, len(histories))

    @cached_property
    def _row(self) -> np.ndarray:
        return np.log1p(self.counts).astype(np.float32)


@dataclass(frozen=True)
class RecentPopularity(Popularity):
    """The same of recent interactions alone; a blend takes it for the trend of an item."""

    name, plain_reason = "recent", "popular lately"

    @classmethod
    def train(cls, training: Training) -> Self | None:
        """Count recent interactions; None where times only order the items of one user."""
        if not training.interactions.has_times:
            return None
        strength = training.signals.strength(training.interactions)
        return cls(recent_counts(training.interactions, strength))


def recent_counts(interactions: Interactions, strength: np.ndarray | None = None) -> np.ndarray:
    """Interactions of each item among the newest ``RECENT_SHARE`` of all, shape (items,).

    ``strength``, shape (n,), is what each interaction counts; 1 by default.
    """
    moment = np.quantile(interactions.timestamp, 1 - RECENT_SHARE, method="lower")
    recent = interactions.timestamp >= moment
    counted = None if strength is None else strength[recent]
    return np.bincount(interactions.item[recent], counted, minlength=len(interactions.items))
