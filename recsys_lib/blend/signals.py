"""What an interaction says: how much its event type counts, and from which rating on it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from recsys_lib.data.interactions import HIGHEST_SCALE, Interactions
from recsys_lib.errors import ParameterError, did_you_mean

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
    given: whether the weights were given, and not learned.
    """

    min_rating: float = 0.0
    event_weights: Mapping[str, float] = field(default_factory=dict)
    given: bool = False

    def __str__(self) -> str:
        """A sentence for the report."""
        learned = [f"ratings below {self.min_rating:g} do not count"] if self.min_rating else []
        weights = ", ".join(f"{name} {weight:g}" for name, weight in self.event_weights.items())
        learned += [f"event types count {weights}"] if weights and not self.given else []
        sentences = [f"By what was held out, {' and '.join(learned)}."] if learned else []
        sentences += [f"As given, event types count {weights}."] if weights and self.given else []
        return " ".join(sentences) or "All interactions count alike."

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
        if highest > HIGHEST_SCALE:
            return np.ones(len(interactions), dtype=bool)
        return np.asarray(interactions.rating >= _LIKED_SHARE * highest)


EqualSignals = Signals()
"""Every interaction counts alike."""


def check_event_type(parameter: str, name: str, types: tuple[str, ...]) -> None:
    """ParameterError when ``parameter`` names an event type that the data do not have."""
    if not types:
        raise ParameterError(
            f"{parameter} names {name!r}, but the data have no event types: leave it empty, or "
            "name their column (etl.columns: {event: NAME})"
        )
    if name not in types:
        known = did_you_mean(name, types)
        raise ParameterError(f"{parameter} names {name!r}, which the data do not have{known}")
