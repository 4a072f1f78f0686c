"""The blend: one score from all sources, by weights that were learned on held-out purchases.

A source's score s of an item is made comparable as r = s / max s over the items that the person
does not have, cut to [0, 1]. The blend is linear in r and sqrt(r) of each source, with weights
that depend on the length n of the history, and on the trend t of the item, which is the r of
recent popularity: how much a source can be trusted is another thing for what many take now.

    score = sum over sources of (a + a' / n + a" t) r + (b + b' / n + b" t) sqrt(r)

so that every source's share in a recommendation can be told. Where nothing else is known, as for
strangers, popularity decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import NAMES, POPULAR, RECENT, CandidateSource
from recsys_lib.compiled import compiled

TERMS = 6
"""Weights of a source: a, b, a', b', a", b"."""
_LAST_RESORT = np.float32(1e-5)


@dataclass(frozen=True)
class BlendWeights:
    """Which source is worth how much.

    Parameters
    ----------
    coefficients: for each source a, b, a', b', a", b".
    half_lives: for each source that knows the history, how fast it forgets.
    shortest: the shortest history it was learned from; what lies below is taken for as long.
    """

    coefficients: dict[str, tuple[float, ...]]
    half_lives: dict[str, float]
    shortest: int = 1

    @classmethod
    def from_source(cls, name: str, half_lives: dict[str, float]) -> BlendWeights:
        """A single source as it is."""
        return cls({name: (1.0,) + (0.0,) * (TERMS - 1)}, half_lives)

    def for_lengths(self, name: str, lengths: np.ndarray) -> np.ndarray:
        """The weights of r, sqrt(r), t r and t sqrt(r) for histories of these lengths.

        float32, shape (people, 4).
        """
        a, b, a_short, b_short, a_trend, b_trend = self.coefficients[name]
        short, ones = inverse(lengths, self.shortest), np.ones(len(lengths))
        columns = (a + a_short * short, b + b_short * short, a_trend * ones, b_trend * ones)
        return np.column_stack(columns).astype(np.float32)


@dataclass(frozen=True)
class Blend:
    """Sources and their blend: a model of the evaluation, and the one that is served.

    Parameters
    ----------
    sources: by name; those without a weight in the blend are not asked.
    weights: what they are worth.
    histories: of the known users, in the order of their rows.
    """

    sources: Mapping[str, CandidateSource]
    weights: BlendWeights
    histories: Histories

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Scores of all items for known users, shape (len(users), items)."""
        return self.scores_of(self.histories.take(users))

    def scores_of(self, histories: Histories) -> np.ndarray:
        """Scores of all items for anybody's histories."""
        total = np.zeros((len(histories), histories.n_items), dtype=np.float32)
        trend = self._trend(histories)
        for name in self.used:
            scores = self.sources[name].scores(histories)
            best = _best_of_others(scores, histories)
            _add_shares(
                total, scores, best, trend, self.weights.for_lengths(name, histories.lengths)
            )
        if POPULAR in self.sources:
            # The weights were learned from people with a history, and say nothing of strangers.
            total[histories.lengths == 0] = 0
            total += _LAST_RESORT * relative_scores(self.sources[POPULAR], histories)
        return total

    def shares(self, history: Histories, items: np.ndarray) -> dict[str, np.ndarray]:
        """What each source adds to the scores of ``items`` for one person."""
        if not history.lengths[0] and POPULAR in self.sources:
            return {POPULAR: relative_scores(self.sources[POPULAR], history)[0, items]}
        shares, trend = {}, self._trend(history)[0, items]
        for name in self.used:
            (weights,) = self.weights.for_lengths(name, history.lengths)
            relative = relative_scores(self.sources[name], history)[0, items]
            shares[name] = terms(relative, trend) @ weights
        return shares

    def _trend(self, histories: Histories) -> np.ndarray:
        if RECENT in self.sources:
            return relative_scores(self.sources[RECENT], histories)
        return np.zeros((len(histories), histories.n_items), dtype=np.float32)

    @property
    def used(self) -> list[str]:
        """The sources that have a weight and are there."""
        return [
            name for name in NAMES if name in self.weights.coefficients and name in self.sources
        ]


def terms(relative: np.ndarray, trend: np.ndarray) -> np.ndarray:
    """r, sqrt(r), t r and t sqrt(r), in a new last axis."""
    root = np.sqrt(relative)
    return np.stack((relative, root, trend * relative, trend * root), axis=-1)


def relative_scores(source: CandidateSource, histories: Histories) -> np.ndarray:
    """Scores divided by each person's best among the items that they do not have, in [0, 1]."""
    scores = source.scores(histories)
    scores /= _best_of_others(scores, histories)[:, None]
    return np.clip(scores, 0, 1, out=scores)


def _best_of_others(scores: np.ndarray, histories: Histories) -> np.ndarray:
    """The best score of each person among the items that they do not have; 1 for none above 0."""
    cells = (histories.person, histories.items)
    own = scores[cells]
    scores[cells] = 0
    best = scores.max(axis=1)
    scores[cells] = own
    return np.where(best > 0, best, np.float32(1))


@compiled
def _add_shares(
    total: np.ndarray, scores: np.ndarray, best: np.ndarray, trend: np.ndarray, weights: np.ndarray
) -> None:
    """Add what a source says of each item to ``total``, all at one look at it."""
    for person in range(len(scores)):
        a, b, a_trend, b_trend = weights[person]
        scale = best[person]
        for item in range(scores.shape[1]):
            relative = min(max(scores[person, item] / scale, np.float32(0)), np.float32(1))
            t = trend[person, item]
            total[person, item] += (a + a_trend * t) * relative
            total[person, item] += (b + b_trend * t) * np.sqrt(relative)


def inverse(lengths: np.ndarray, shortest: int = 1) -> np.ndarray:
    """1 / n, at most 1 / ``shortest``."""
    return 1 / np.maximum(lengths, max(shortest, 1))
