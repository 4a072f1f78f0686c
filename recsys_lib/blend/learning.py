"""Learn a blend on held-out interactions: the half-life of each source, and what it is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.blend._candidates import Candidates, gather_candidates
from recsys_lib.blend._logit import fit_choices
from recsys_lib.blend.blend import TERMS, BlendWeights
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import ALS, BLEND, CandidateSource, with_half_lives
from recsys_lib.ranking import discounted_gains, ideal_dcg
from recsys_lib.significance import SIGNIFICANT, paired_test

HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, math.inf)
_TUNING_USERS = 2_000
_PRIOR = 3.0
_FEWEST_USERS = 50
# With few users the folds are many, so that each is judged by weights from nearly all others.
_FOLDS, _MOST_FOLDS, _MANY_USERS = 2, 10, 20_000
_K = 10


@dataclass(frozen=True)
class LearnedBlend:
    """What was learned, and what to serve.

    Parameters
    ----------
    weights: of all sources together.
    served: what to serve: ``blend``, or the name of a source that was better alone.
    validation: nDCG@10 of the blend and of each source, on users it was not learned from.
    n_users: users that the weights were learned from, those who took one of their candidates; if
        they were too few to learn anything, how many there were.
    """

    weights: BlendWeights
    served: str
    validation: dict[str, float]
    n_users: int

    def __str__(self) -> str:
        if not self.validation:
            return (
                f"Only {self.n_users} users have something to learn from (at least "
                f"{_FEWEST_USERS} are needed), so ALS is served as it is."
            )
        own = self.validation[self.served]
        return (
            f"Learned from {self.n_users:,} users. {self.served} is served: nDCG@{_K} {own:.4f} "
            "on users of the validation part that its weights were not learned from."
        )

    def table(self) -> pl.DataFrame:
        """One row a source: its nDCG@10 alone, half-life, and weight in the blend.

        The weight is that of the best item of a source, for users with a long history and for
        those with the shortest in the data. The last column is added for the item that most users
        take lately.
        """
        lengths = np.array([10**6, 1])
        rows = []
        for name in self.weights.coefficients:
            r, root, *trend = self.weights.for_lengths(name, lengths).T
            long, short = r + root
            alone, half_life = self.validation.get(name), self.weights.half_lives.get(name)
            facts = {"source": name, f"nDCG@{_K} alone": alone, "half-life, items": half_life}
            weights = {
                "weight": long,
                "weight, short history": short,
                "if in demand": sum(trend)[0],
            }
            rows.append(facts | {name: float(weight) for name, weight in weights.items()})
        return pl.DataFrame(rows)

    @property
    def served_weights(self) -> BlendWeights:
        """Weights of what is served; a single source is a blend of one."""
        if self.served == BLEND:
            return self.weights
        return BlendWeights.from_source(self.served, self.weights.half_lives)


def learn_blend(
    sources: Mapping[str, CandidateSource],
    histories: Histories,
    relevant: sparse.csr_matrix,
    *,
    seed: int,
) -> LearnedBlend:
    """Learn half-lives and weights from what users took after their histories.

    Weights are judged by cross-validation, on users that they were not learned from. The blend is
    served, with weights from all users, unless a single source has a higher nDCG@10 beyond noise.
    With too few users to learn from, ALS is served as it is.

    Parameters
    ----------
    sources
        Candidate sources by name, trained without the interactions in ``relevant``.
    histories
        Histories of the users to learn from.
    relevant
        CSR of shape (users, items): what each user took afterwards.
    seed
        Seed of the users drawn for half-lives, of the folds, and of the order of equal scores.

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
    >>> learned = learn_blend({}, few, sparse.csr_matrix((10, 3)), seed=0)
    >>> print(learned)
    Only 10 users have something to learn from (at least 50 are needed), so ALS is served as it is.
    """
    if len(histories) < _FEWEST_USERS:
        return _nothing_learned(len(histories))
    generator = np.random.default_rng(seed)
    half_lives = _choose_half_lives(sources, histories, relevant, generator)
    candidates = gather_candidates(with_half_lives(sources, half_lives), histories, relevant)
    able = candidates.users_with_a_choice(len(histories))
    n_able = int(np.count_nonzero(able))
    if n_able < _FEWEST_USERS:
        return _nothing_learned(n_able)
    n_relevant = np.diff(relevant.indptr)

    def quality(scores: np.ndarray) -> np.ndarray:
        return _ndcg(candidates, scores, n_relevant, generator)

    columns = zip(candidates.names, candidates.relative.T, strict=True)
    qualities = {name: quality(column) for name, column in columns}
    qualities[BLEND] = quality(_cross_validated(candidates, able, generator))
    shortest = int(histories.lengths[able].min())
    weights = _as_weights(candidates.names, _fit(candidates, able), half_lives, shortest)
    validation = {name: float(values.mean()) for name, values in qualities.items()}
    return LearnedBlend(weights, _choice(qualities, seed), validation, n_able)


def _nothing_learned(n_users: int) -> LearnedBlend:
    return LearnedBlend(BlendWeights.from_source(ALS, {}), ALS, {}, n_users)


def _cross_validated(
    candidates: Candidates, able: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Scores of all candidates, each by weights from other users than its own."""
    n_users = len(able)
    folds = max(_FOLDS, min(_MOST_FOLDS, _MANY_USERS // n_users))
    fold = generator.permutation(n_users) % folds
    scores = np.empty(len(candidates.item), dtype=np.float32)
    for part in range(folds):
        weights = _fit(candidates, able & (fold != part))
        judged = candidates.of_users(fold == part)
        scores[fold[candidates.user] == part] = judged.scores(weights)
    return scores


def _choice(qualities: Mapping[str, np.ndarray], seed: int) -> str:
    """The blend, or the best single source if it is better beyond noise on the same users.

    Noise is not enough to prefer a single source, for only the blend knows what to recommend to
    strangers, and which products without interactions to recommend.
    """
    best = max(qualities, key=lambda name: qualities[name].mean())
    gaps = qualities[best] - qualities[BLEND]
    return best if paired_test(gaps, seed=seed) <= SIGNIFICANT else BLEND


def _choose_half_lives(
    sources: Mapping[str, CandidateSource],
    histories: Histories,
    relevant: sparse.csr_matrix,
    generator: np.random.Generator,
) -> dict[str, float]:
    """For each source that forgets, the half-life with the highest nDCG on a sample of users."""
    n = min(_TUNING_USERS, len(histories))
    drawn = np.sort(generator.choice(len(histories), n, replace=False))
    some, wanted = histories.take(drawn), relevant[drawn]
    chosen = {}
    for name, source in sources.items():
        if not source.forgets:
            continue
        values = {
            half_life: _alone(source.with_half_life(half_life), some, wanted, generator)
            for half_life in HALF_LIVES
        }
        chosen[name] = max(values, key=lambda half_life: values[half_life])
    return chosen


def _alone(
    source: CandidateSource,
    histories: Histories,
    relevant: sparse.csr_matrix,
    generator: np.random.Generator,
) -> float:
    """nDCG@10 of a single source."""
    candidates = gather_candidates({source.name: source}, histories, relevant)
    scores = candidates.relative[:, 0]
    return float(_ndcg(candidates, scores, np.diff(relevant.indptr), generator).mean())


def _fit(candidates: Candidates, users: np.ndarray) -> np.ndarray:
    """Weights of the features, float32, from some of the users, bool mask.

    The penalty is that of a prior on the summed likelihood: the more users, the less it counts.
    """
    theirs = candidates.of_users(users)
    penalty = _PRIOR / np.count_nonzero(users)
    weights = fit_choices(theirs.features(), theirs.chosen, theirs.user, penalty)
    return weights.astype(np.float32)


def _as_weights(
    names: tuple[str, ...], weights: np.ndarray, half_lives: dict[str, float], shortest: int
) -> BlendWeights:
    of_source = weights.reshape(len(names), TERMS).tolist()
    coefficients = {n: tuple(w) for n, w in zip(names, of_source, strict=True)}
    return BlendWeights(coefficients, half_lives, shortest)


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
