"""What interactions tell beyond who took what: order in time, repeats, types of events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.data.interactions import Interactions
from recsys_lib.data.units import NONE, ORDER


@dataclass(frozen=True)
class Ties:
    """How many interactions share user and time with another.

    Parameters
    ----------
    interactions, of_interactions: interactions that do; all interactions.
    pairs, of_pairs: neighbours in a history that share a time; all neighbours.
    """

    interactions: int
    of_interactions: int
    pairs: int
    of_pairs: int

    @property
    def share(self) -> float:
        """Share of the interactions; 0 when there are none."""
        return self.interactions / max(self.of_interactions, 1)

    @property
    def pair_share(self) -> float:
        """Share of the neighbours; 0 when there are none."""
        return self.pairs / max(self.of_pairs, 1)


def ties_of(interactions: Interactions) -> Ties:
    """Count equal times within users."""
    user, time = interactions.user, interactions.timestamp
    neighbours = user[1:] == user[:-1]
    equal = neighbours & (time[1:] == time[:-1])
    tied = np.append(equal, False) | np.append(False, equal)
    return Ties(int(tied.sum()), len(tied), int(equal.sum()), int(neighbours.sum()))


def about_ties(ties: Ties, unit: str) -> str:
    """A sentence for the reader; ``unit`` is the unit of the times in the files."""
    if unit == NONE:
        return (
            "There are no times: nothing says what a user took first, so no order is learned, and "
            "a split by time or of the last item has nothing to go by."
        )
    if unit == ORDER and not ties.pairs:
        return (
            "The times are only positions. Whether some of these items had the same time cannot be "
            "seen, so the order may partly be that of the file: read results of ordered models "
            "with this in mind."
        )
    if not ties.pairs:
        return "No two interactions of a user share a time: the order of every history is known."
    return (
        f"{ties.pair_share:.1%} of neighbouring pairs in the histories share a time, and "
        f"{ties.share:.1%} of the interactions share theirs with another of the same user. Items "
        "of one moment are one basket: no order inside it counts."
    )


def event_counts(interactions: Interactions) -> dict[str, int]:
    """Type of event -> number of interactions in which it occurred; {} without events."""
    return {
        name: int((interactions.events >> np.uint32(bit) & np.uint32(1)).sum())
        for bit, name in enumerate(interactions.event_types)
    }
