"""Learn a blend: the half-life of each source, what it is worth, and whether to serve the blend.

Half-lives and weights are learned on one held-out part. The blend is judged beside every single
source on another one, which is later and took no part in learning. Then the weights are learned
again, on both parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.blend._candidates import Candidates, gather_candidates
from recsys_lib.blend._logit import fit_choices
from recsys_lib.blend.blend import TERMS, BlendWeights
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.blend.sources import ALS, BLEND, CandidateSource, with_half_lives
from recsys_lib.ranking import discounted_gains, ideal_dcg
from recsys_lib.significance import SIGNIFICANT, paired_test

HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, math.inf)
_TUNING_USERS = 2_000
_PRIOR = 10.0
_FEWEST_USERS = 50
_LEAST_SHARE = 0.03
"""A source whose weight is a smaller share of the largest one is not worth computing."""
_K = 10


@dataclass(frozen=True)
class Choices:
    """Users, and what they took after their histories.

    Parameters
    ----------
    histories: of the users.
    relevant: CSR of shape (users, items): what each user took afterwards.
    """

    histories: Histories
    relevant: sparse.csr_matrix

    def __len__(self) -> int:
        return len(self.histories)

    def take(self, users: np.ndarray) -> Choices:
        """Some of the users."""
        return Choices(self.histories.take(users), self.relevant[users])

    def sample(self, n: int, generator: np.random.Generator) -> Choices:
        """At most ``n`` of the users, drawn at random."""
        if len(self) <= n:
            return self
        return self.take(np.sort(generator.choice(len(self), n, replace=False)))


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
    """

    weights: BlendWeights
    served: str
    validation: dict[str, float]
    n_users: int
    n_judges: int = 0
    p_value: float = 1.0
    half_lives: dict[str, float] = field(default_factory=dict)
    signals: Signals = EqualSignals

    def __str__(self) -> str:
        if not self.validation:
            return (
                f"Only {self.n_users} users have something to learn from (at least "
                f"{_FEWEST_USERS} are needed), so ALS is served as it is."
            )
        best, own = self.best_source, self.validation[BLEND]
        beyond = "beyond noise" if self.p_value <= SIGNIFICANT else "within noise"
        return (
            f"Learned from {self.n_users:,} users, judged by {self.n_judges:,} on later "
            f"interactions. {self.served} is served: nDCG@{_K} is {own:.4f} for the blend and "
            f"{self.validation[best]:.4f} for the best single source, {best}; the difference is "
            f"{beyond} (p = {self.p_value:.2g}). {self.signals}"
        )

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
                f"nDCG@{_K} alone": self.validation[name],
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


def learn_blend(
    sources: Mapping[str, CandidateSource],
    learning: Choices,
    judging: Choices,
    *,
    seed: int,
    signals: Signals = EqualSignals,
) -> LearnedBlend:
    """Learn half-lives and weights from what users took after their histories.

    The blend is served unless a single source has a higher nDCG@10 beyond noise on the judging
    part. With too few users to learn from, ALS is served as it is.

    Parameters
    ----------
    sources
        Candidate sources by name, trained without the interactions in either part.
    learning
        What half-lives and weights are learned from.
    judging
        What the blend and every source alone are compared on; later than ``learning``.
    seed
        Seed of the users drawn for half-lives, and of the order of equal scores.
    signals
        What an interaction says; kept with the result.

    Returns
    -------
    LearnedBlend
        Weights, validation results, and what to serve.

    See Also
    --------
    train_blend : trains the sources, too.

    Examples
    --------
    Ten users are too few to learn from:

    >>> few = Histories.from_items([0, 1], 1.0, 3).take(np.zeros(10, dtype=int))
    >>> choices = Choices(few, sparse.csr_matrix((10, 3)))
    >>> print(learn_blend({}, choices, choices, seed=0))
    Only 10 users have something to learn from (at least 50 are needed), so ALS is served as it is.
    """
    if len(learning) < _FEWEST_USERS or not len(judging):
        return _nothing_learned(len(learning), signals)
    generator = np.random.default_rng(seed)
    half_lives = _choose_half_lives(sources, learning, generator)
    tuned = with_half_lives(sources, half_lives)
    shortest = max(int(learning.histories.lengths.min()), 1)
    candidates = gather_candidates(tuned, learning.histories, learning.relevant, shortest)
    able = candidates.users_with_a_choice(len(learning))
    n_able = int(np.count_nonzero(able))
    if n_able < _FEWEST_USERS:
        return _nothing_learned(n_able, signals)
    weights = BlendWeights(_fit_and_prune(candidates, able), half_lives, shortest)
    judged = gather_candidates(tuned, judging.histories, judging.relevant, shortest)
    qualities = _qualities(judged, weights, judging, generator)
    validation = {name: float(values.mean()) for name, values in qualities.items()}
    learned = LearnedBlend(
        weights, BLEND, validation, n_able, len(judging), 1.0, half_lives, signals
    )
    best = learned.best_source
    gaps = qualities[best] - qualities[BLEND]
    p_value = paired_test(gaps, seed=seed)
    # Noise is not enough to prefer a single source, for only the blend knows what to recommend to
    # strangers, and which products without interactions to recommend.
    served = best if p_value <= SIGNIFICANT and gaps.mean() > 0 else BLEND
    # The choice is made: now both parts may teach.
    everything = candidates.joined(judged, len(learning))
    able = everything.users_with_a_choice(len(learning) + len(judging))
    weights = BlendWeights(_fit_and_prune(everything, able), half_lives, shortest)
    return replace(learned, weights=weights, served=served, p_value=float(p_value))


def _nothing_learned(n_users: int, signals: Signals) -> LearnedBlend:
    return LearnedBlend(BlendWeights.from_source(ALS, {}), ALS, {}, n_users, signals=signals)


def _fit_and_prune(candidates: Candidates, users: np.ndarray) -> dict[str, tuple[float, ...]]:
    """Weights by source, of those sources that are worth computing.

    The penalty is that of a prior on the summed likelihood: the more users, the less it counts.
    """
    theirs = candidates.of_users(users)
    penalty = _PRIOR / np.count_nonzero(users)

    def fit(candidates: Candidates) -> np.ndarray:
        weights = fit_choices(candidates.features(), candidates.chosen, candidates.user, penalty)
        return weights.astype(np.float32).reshape(len(candidates.names), TERMS)

    weights = fit(theirs)
    strongest = weights.reshape(len(weights), -1, 2).sum(axis=2).max(axis=1)
    kept = strongest >= _LEAST_SHARE * strongest.max()
    names = theirs.names
    if not kept.all():
        names = tuple(name for name, is_kept in zip(names, kept, strict=True) if is_kept)
        weights = fit(theirs.of_sources(names))
    return {name: tuple(row) for name, row in zip(names, weights.tolist(), strict=True)}


def _qualities(
    judged: Candidates, weights: BlendWeights, judging: Choices, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """nDCG@10 of each user, for each source alone and for the blend."""
    n_relevant = np.diff(judging.relevant.indptr)
    columns = zip(judged.names, judged.relative.T, strict=True)
    qualities = {name: _ndcg(judged, column, n_relevant, generator) for name, column in columns}
    names = tuple(weights.coefficients)
    flat = np.concatenate([weights.coefficients[name] for name in names]).astype(np.float32)
    scores = judged.of_sources(names).scores(flat)
    qualities[BLEND] = _ndcg(judged, scores, n_relevant, generator)
    return qualities


def _choose_half_lives(
    sources: Mapping[str, CandidateSource], learning: Choices, generator: np.random.Generator
) -> dict[str, float]:
    """For each source that forgets, the half-life with the highest nDCG on a sample of users."""
    some = learning.sample(_TUNING_USERS, generator)
    chosen = {}
    for name, source in sources.items():
        if not source.forgets:
            continue
        values = {
            half_life: source_quality(source.with_half_life(half_life), some, generator).mean()
            for half_life in HALF_LIVES
        }
        chosen[name] = max(values, key=lambda half_life: values[half_life])
    return chosen


def source_quality(
    source: CandidateSource, choices: Choices, generator: np.random.Generator
) -> np.ndarray:
    """nDCG@10 of a single source, shape (users,)."""
    candidates = gather_candidates({source.name: source}, choices.histories, choices.relevant)
    scores = candidates.relative[:, 0]
    return _ndcg(candidates, scores, np.diff(choices.relevant.indptr), generator)


def _ndcg(
    candidates: Candidates,
    scores: np.ndarray,
    n_relevant: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """nDCG@10 of each user when the candidates are ranked by ``scores``; ties at random."""
    gains = discounted_gains(candidates.positions(scores, generator), _K)
    user = candidates.user[candidates.chosen]
    gained = np.bincount(user, gains, minlength=len(n_relevant))
    return gained / ideal_dcg(n_relevant, _K)
