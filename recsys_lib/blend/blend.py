"""The blend: one score from all candidate sources, by weights learned on held-out interactions.

A source's score s of an item is made comparable as r = s / max s over the items that the user does
not have, cut to [0, 1]. The blend adds up r and sqrt(r) of each source:

    score = sum over sources of a(n, t) r + b(n, t) sqrt(r)
    a(n, t) = (1 - g) a_long + g a_short + t a_trend,    g = shortest / max(n, shortest)

and b likewise. The weights depend on the length n of the history and on the trend t of the item,
which is the r of recent popularity: how far a source can be trusted differs between short and long
histories, and between items that many users take now and all others.

No weight is negative. So more evidence for an item never lowers its score, sources cannot cancel
each other out, and as g lies between 0 and 1 a longer history than any in the data gets weights
between those of a short and of a long one: nothing is extrapolated.

sqrt(r) lets a source say that an item is among its candidates at all; r, that it is the best.
Because the score is a sum over sources, each one's share in a recommendation is known. Where
nothing else is known, as for users without a history, popularity decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from recsys_lib.blend._best import best_of_sparse_blend
from recsys_lib.blend._relative import RowScores
from recsys_lib.blend._scored import Scored, has_compact_form, score
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import POPULAR, RECENT, CandidateSource, source_types

TERMS = 6
"""Weights of a source: a and b for long histories, for short ones, and for the trend."""
LAST_RESORT = np.float32(1e-5)
"""Less than any weight that matters: popularity only orders items that all sources call equal."""


@dataclass(frozen=True)
class BlendWeights:
    """What each source is worth.

    Parameters
    ----------
    coefficients: for each source a_long, b_long, a_short, b_short, a_trend, b_trend, none negative.
    half_lives: of each source that forgets, in items of the history.
    shortest: length of the shortest history in the data they were learned from; histories below it
        are treated as if they had that length.
    """

    coefficients: dict[str, tuple[float, ...]]
    half_lives: dict[str, float]
    shortest: int = 1

    @classmethod
    def from_source(cls, name: str, half_lives: dict[str, float]) -> BlendWeights:
        """A single source, ranked by its own scores."""
        return cls({name: (1.0, 0.0, 1.0, 0.0, 0.0, 0.0)}, half_lives)

    def for_lengths(self, name: str, lengths: np.ndarray) -> np.ndarray:
        """The weights of r, sqrt(r), t r and t sqrt(r) for histories of these lengths.

        float32, shape (users, 4).
        """
        a_long, b_long, a_short, b_short, a_trend, b_trend = self.coefficients[name]
        short, ones = shortness(lengths, self.shortest), np.ones(len(lengths))
        a = (1 - short) * a_long + short * a_short
        b = (1 - short) * b_long + short * b_short
        return np.column_stack((a, b, a_trend * ones, b_trend * ones)).astype(np.float32)

    @property
    def use_trend(self) -> bool:
        """Whether the trend of an item counts."""
        return any(any(weights[-2:]) for weights in self.coefficients.values())


@dataclass(frozen=True)
class Blend:
    """Candidate sources, their weights, and the histories of the known users.

    Parameters
    ----------
    sources: by name; those without a weight are not used.
    weights: what the sources are worth.
    histories: of the known users, in the order of their rows.
    """

    sources: Mapping[str, CandidateSource]
    weights: BlendWeights
    histories: Histories

    @property
    def used(self) -> list[str]:
        """Names of the sources that have a weight, in the order in which they are added up."""
        return [
            name
            for name in source_types()
            if name in self.weights.coefficients and name in self.sources
        ]

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Scores of all items for known users, float32, shape (users, items)."""
        return self.scores_of(self.histories.take(users))

    def scores_of(self, histories: Histories) -> np.ndarray:
        """Scores of all items for any histories, float32, shape (users, items).

        Keeps at most four arrays of that shape at a time, whatever the number of sources.
        """
        return self._total(histories, None)

    def user_scores(self, history: Histories) -> UserScores:
        """The same for one user, with what each source says of each item."""
        relative: dict[str, np.ndarray] = {}
        total = self._total(history, relative)
        return UserScores(self, history, {name: row[0] for name, row in relative.items()}, total)

    def _total(self, histories: Histories, kept: dict[str, np.ndarray] | None) -> np.ndarray:
        """Ask each source once and add up; relative scores are put into ``kept``."""
        scored = self.scored(histories)
        if kept is not None:
            kept |= {name: scores.relative() for name, scores in scored.items()}
        return self.total(histories, scored)

    @property
    def needed(self) -> dict[str, CandidateSource]:
        """The sources that count: the used ones, popularity, and the trend."""
        common = (POPULAR, RECENT) if self.weights.use_trend else (POPULAR,)
        names = dict.fromkeys((*self.used, *common))
        return {name: self.sources[name] for name in names if name in self.sources}

    def scored(self, histories: Histories) -> dict[str, Scored]:
        """What each of these sources says."""
        return {name: score(source, histories) for name, source in self.needed.items()}

    def total(self, histories: Histories, scored: Mapping[str, Scored]) -> np.ndarray:
        """Add up what the ``scored`` sources say: float32, shape (users, items)."""
        total = np.zeros((len(histories), histories.n_items), dtype=np.float32)
        trend = self.trend(scored, histories)
        for name in self.used:
            if name in scored:
                scored[name].add(total, trend, self.weights_of(name, histories))
        # The weights were learned from users with a history and do not hold for strangers.
        if POPULAR in self.sources:
            total[histories.lengths == 0] = 0
        popularity, weight = self.last_resort(scored, histories)
        weights = np.zeros((len(histories), 4), dtype=np.float32)
        weights[:, 0] = weight
        popularity.add(total, trend, weights)
        return total

    def best(
        self, histories: Histories, k: int, tie_order: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best items of each history and their scores, shape (users, k), without its own.

        The rest is -1 and -infinity where fewer than k are left.
        """
        simple = ~self.scores_every_item(histories)
        if not simple.any() or not self.dense:
            return self.best_of(histories, self.scored(histories), k, tie_order)
        items = np.empty((len(histories), k), dtype=np.int32)
        scores = np.empty(items.shape, dtype=np.float32)
        few = {name: s for name, s in self.sources.items() if name not in self.dense}
        for blend, members in ((replace(self, sources=few), simple), (self, ~simple)):
            if members.any():
                some = histories.take(np.flatnonzero(members))
                found = blend.best_of(some, blend.scored(some), k, tie_order)
                items[members], scores[members] = found
        return items, scores

    def scores_every_item(self, histories: Histories) -> np.ndarray:
        """For which users a source counts that has a score of its own for every item, (users,)."""
        counts = [self.weights_of(name, histories).any(axis=1) for name in self.dense]
        return np.any(counts, axis=0) if counts else np.zeros(len(histories), dtype=bool)

    @property
    def dense(self) -> list[str]:
        """The used sources with a score of their own for every item."""
        return [name for name in self.used if not has_compact_form(self.sources[name])]

    def best_of(
        self, histories: Histories, scored: Mapping[str, Scored], k: int, tie_order: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same from what the sources say."""
        found = best_of_sparse_blend(self, histories, scored, k, tie_order)
        if found is None:
            total = RowScores(self.total(histories, scored), np.ones(len(histories), np.float32))
            found = total.top(k, tie_order, histories)
        return found

    def weights_of(self, name: str, histories: Histories) -> np.ndarray:
        """The weights of a source for each of the histories, float32 (users, 4)."""
        return self.weights.for_lengths(name, histories.lengths)

    def trend(self, scored: Mapping[str, Scored], histories: Histories) -> RowScores:
        """Recent popularity, or zeros where it does not count."""
        trend = scored.get(RECENT) if self.weights.use_trend else None
        return trend if isinstance(trend, RowScores) else _zeros(histories)

    @staticmethod
    def last_resort(
        scored: Mapping[str, Scored], histories: Histories
    ) -> tuple[RowScores, np.float32]:
        """Popularity, and what it counts beside all else."""
        popularity = scored.get(POPULAR)
        if isinstance(popularity, RowScores):
            return popularity, LAST_RESORT
        return _zeros(histories), np.float32(0)


@dataclass(frozen=True)
class UserShares:
    """What each source says to one user.

    Parameters
    ----------
    blend: the sources and their weights.
    history: of the user.
    relative: for each source its relative scores, float32, shape (items,).
    """

    blend: Blend
    history: Histories
    relative: Mapping[str, np.ndarray]

    def shares(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """What each source adds to the scores of ``items``, by source, shape (len(items),).

        To a user without a history only popularity speaks.
        """
        if not self.history.lengths[0] and POPULAR in self.relative:
            return {POPULAR: self.relative[POPULAR][items]}
        return self._shares({name: self.relative[name][items] for name in self.blend.used}, items)

    def shares_of_best(self, items: np.ndarray) -> dict[str, np.ndarray]:
        """What each source would add if ``items`` were its best: its weight for these items."""
        if not self.history.lengths[0] and POPULAR in self.relative:
            return {}
        ones = np.ones(len(items), dtype=np.float32)
        return self._shares(dict.fromkeys(self.blend.used, ones), items)

    def _shares(
        self, relative: Mapping[str, np.ndarray], items: np.ndarray
    ) -> dict[str, np.ndarray]:
        trend = np.zeros(len(items), dtype=np.float32)
        if RECENT in self.relative:
            trend = self.relative[RECENT][items]
        shares = {}
        for name, scores in relative.items():
            (weights,) = self.blend.weights.for_lengths(name, self.history.lengths)
            shares[name] = terms(scores, trend) @ weights
        return shares


@dataclass(frozen=True)
class UserScores(UserShares):
    """The same, with the scores of the blend.

    Parameters
    ----------
    total: float32, shape (1, items).
    """

    total: np.ndarray


def terms(relative: np.ndarray, trend: np.ndarray) -> np.ndarray:
    """r, sqrt(r), t r and t sqrt(r), in a new last axis."""
    root = np.sqrt(relative)
    return np.stack((relative, root, trend * relative, trend * root), axis=-1)


def _zeros(histories: Histories) -> RowScores:
    best = np.ones(len(histories), dtype=np.float32)
    return RowScores(np.zeros((1, histories.n_items), dtype=np.float32), best)


def shortness(lengths: np.ndarray, shortest: int = 1) -> np.ndarray:
    """1 for histories of at most ``shortest`` items, towards 0 for long ones."""
    least = max(shortest, 1)
    return least / np.maximum(lengths, least)
