"""What an interaction says: how much its event type counts, and from which rating on it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from recsys_lib.data.interactions import Interactions

_LIKED_SHARE = 0.6
"""Of the highest rating: at least this much is a reason to recommend something similar."""


@dataclass(frozen=True)
class Signals:
    """Rules for the strength of interactions; the defaults count all alike.

    Parameters
    ----------
    min_rating: lower ratings say nothing about what a user wants; 0 counts all.
    event_weights: event type -> strength in [0, 1]; an interaction with several types has the
        strength of the strongest. Types that are missing here count fully.
    """

    min_rating: float = 0.0
    event_weights: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """A sentence for the report."""
        facts = [f"ratings below {self.min_rating:g} do not count"] if self.min_rating else []
        weights = ", ".join(f"{name} {weight:g}" for name, weight in self.event_weights.items())
        facts += [f"event types count {weights}"] if weights else []
        return (
            f"By what was held out, {' and '.join(facts)}."
            if facts
            else "All interactions count alike."
        )

    def strength(self, interactions: Interactions) -> np.ndarray:
        """How much each interaction says, float32 in [0, 1], shape (n,)."""
        strength = np.ones(len(interactions), dtype=np.float32)
        if interactions.event_types:
            strength[:] = 0
            for bit, name in enumerate(interactions.event_types):
                has_it = (interactions.events >> np.uint32(bit)) & np.uint32(1)
                weight = np.float32(self.event_weights.get(name, 1.0))
                np.maximum(strength, has_it * weight, out=strength)
        strength[interactions.rating < self.min_rating] = 0
        return strength

    @staticmethod
    def liked(interactions: Interactions) -> np.ndarray:
        """Whether a rating is good enough to be named as a reason, bool, shape (n,)."""
        highest = interactions.rating.max(initial=0)
        return np.asarray(interactions.rating >= _LIKED_SHARE * highest)


EqualSignals = Signals()
"""Every interaction counts alike."""
