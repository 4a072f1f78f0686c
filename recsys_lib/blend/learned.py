"""A learned blend: its weights, what to serve, and both in words and as a table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from recsys_lib.blend.blend import BlendWeights
from recsys_lib.blend.choices import K
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.blend.similar_choice import SimilarChoice
from recsys_lib.blend.sources import BLEND
from recsys_lib.significance import SIGNIFICANT

FEWEST_USERS = 50
"""Users that a blend can be learned from."""


@dataclass(frozen=True)
class LearnedBlend:
    """What was learned, and what to serve.

    Parameters
    ----------
    weights: of the sources that help; the others have none and are not computed.
    served: what to serve: ``blend``, or the name of a source that was better alone.
    validation: nDCG@10 of the blend and of each source on the judging part.
    n_users: users that the judged weights were learned from, those who took one of their
        candidates; if they were too few to learn anything, how many there were.
    n_judges: users of the judging part.
    p_value: of the difference between the blend and the best single source, paired by user.
    half_lives: of each source that forgets, also of those without a weight.
    signals: what an interaction says.
    similar: what similar items go by.
    """

    weights: BlendWeights
    served: str
    validation: dict[str, float]
    n_users: int
    n_judges: int = 0
    p_value: float = 1.0
    half_lives: dict[str, float] = field(default_factory=dict)
    signals: Signals = EqualSignals
    similar: SimilarChoice = field(default_factory=SimilarChoice)

    def __str__(self) -> str:
        if not self.validation:
            return (
                f"Only {self.n_users} users have something to learn from (at least "
                f"{FEWEST_USERS} are needed), so ALS is served as it is."
            )
        best, own = self.best_source, self.validation[BLEND]
        beyond = "beyond noise" if self.p_value <= SIGNIFICANT else "within noise"
        said = (
            f"Learned from {self.n_users:,} users, judged by {self.n_judges:,} on later "
            f"interactions. {self.served} is served: nDCG@{K} is {own:.4f} for the blend and "
            f"{self.validation[best]:.4f} for the best single source, {best}; the difference is "
            f"{beyond} (p = {self.p_value:.2g}). {self.signals}"
        )
        return f"{said} {self.similar}".strip()

    @property
    def best_source(self) -> str:
        """The single source with the highest nDCG@10 on the judging part."""
        alone = {name: value for name, value in self.validation.items() if name != BLEND}
        return max(alone, key=lambda name: alone[name])

    def table(self) -> pl.DataFrame:
        """One row a source: its nDCG@10 alone, half-life, and weight in the blend.

        The weight is that of the best item of a source, for users with a long history and for
        those with the shortest in the data. The last column is added for the item that most users
        take lately.
        """
        lengths = np.array([10**6, 1])
        rows = []
        for name in [name for name in self.validation if name != BLEND]:
            weights = np.zeros((4, 2), dtype=np.float32)
            if name in self.weights.coefficients:
                weights = self.weights.for_lengths(name, lengths).T
            long, short = weights[0] + weights[1]
            facts = {
                "source": name,
                f"nDCG@{K} alone": self.validation[name],
                "half-life, items": self.half_lives.get(name),
                "weight": float(long),
                "weight, short history": float(short),
                "if in demand": float(weights[2, 0] + weights[3, 0]),
            }
            rows.append(facts)
        return pl.DataFrame(rows)

    @property
    def served_weights(self) -> BlendWeights:
        """Weights of what is served; a single source is a blend of one."""
        if self.served == BLEND:
            return self.weights
        return BlendWeights.from_source(self.served, self.half_lives)
