"""What each candidate source says of one item, beside all items that the user does not have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.blend.blend import LAST_RESORT, UserScores
from recsys_lib.blend.sources import POPULAR


@dataclass(frozen=True)
class Standing:
    """An item in one candidate source.

    Parameters
    ----------
    source: name of the source.
    rank: place among the items that the user does not have, from 1; None where the source says
        nothing of the item.
    score: relative score, 0 to 1: 1 for the best item that the user does not have.
    weight: what the source adds to the score of an item that is its best.
    contribution: what it adds to the score of this item.
    """

    source: str
    rank: int | None
    score: float
    weight: float
    contribution: float


def standings(scores: UserScores, item: int) -> list[Standing]:
    """Where an item (row) stands in each source that counts, in the order of the sources."""
    new = np.ones(len(scores.total[0]), dtype=bool)
    new[scores.history.items] = False
    new[item] = True  # of an item that the user has, the place that it would have
    at = np.array([item])
    shares, best = scores.shares(at), scores.shares_of_best(at)
    found = []
    for name, relative in scores.relative.items():
        own = float(relative[item])
        last_resort = LAST_RESORT if name == POPULAR else 0.0
        # A user without a history has shares of popularity alone, and no weights.
        share = float(shares[name][0]) if name in best else 0.0
        weight = float(best[name][0]) if name in best else 0.0
        if not weight and not last_resort:
            continue
        rank = 1 + int((relative[new] > own).sum()) if own > 0 else None
        contribution = share + float(last_resort * own)
        found.append(Standing(name, rank, own, weight + float(last_resort), contribution))
    return found
