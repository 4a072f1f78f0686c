"""Learn the blend on a validation part: how fast each source forgets, and what it is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.blend.blend import TERMS, BlendWeights
from recsys_lib.blend.candidates import Candidates, gather_candidates
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.logit import fit_choices
from recsys_lib.blend.sources import ALS, CandidateSource, Popularity, with_half_life
from recsys_lib.ranking import discounted_gains, ideal_dcg
from recsys_lib.significance import SIGNIFICANT, paired_test

BLEND = "blend"
HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, math.inf)
_TUNING_USERS = 2_000
_PRIOR = 3.0
_FEWEST_PEOPLE = 50
_FOLDS, _MOST_FOLDS, _MANY_PEOPLE = 2, 10, 20_000
"""Few people are parted often, so that weights are learned from nearly all of them."""
_K = 10


@dataclass(frozen=True)
class LearnedBlend:
    """A blend, and how it was chosen.

    Parameters
    ----------
    weights: of all sources together.
    served: what to serve: ``blend``, or the name of a source that was better alone.
    validation: nDCG@10 of the blend and of each source, on people it was not learned from.
    n_users: how many people it was learned from.
    """

    weights: BlendWeights
    served: str
    validation: dict[str, float]
    n_users: int

    def __str__(self) -> str:
        if not self.validation:
            return (
                f"Only {self.n_users} users have something to learn from (at least "
                f"{_FEWEST_PEOPLE} are needed), so ALS is served as it is."
            )
        own = self.validation[self.served]
        return (
            f"Learned from {self.n_users:,} users. {self.served} is served: nDCG@{_K} {own:.4f} "
            "on users of the validation part that its weights were not learned from."
        )

    def table(self) -> pl.DataFrame:
        """One row a source: its nDCG@10 alone, half-life, and weight in the blend.

        The weight is that of the best item of a source, for people with a long history and for
        those with the shortest that was seen; the last column comes on top for the item that most
        people take lately.
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
        """What to serve, in the form of a blend."""
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
    """Learn from what people took after their ``histories``, which the sources have not seen.

    ``relevant`` has the shape (people, items). Weights are judged on people that they were
    not learned from (cross-validation, in two to ten parts); the blend is served, with weights from
    all people, unless a single source has a higher nDCG@10 beyond noise: the blend alone knows what
    to do about cold items and strangers. With next to nobody to learn from ALS is served as it is.
    """
    if len(histories) < _FEWEST_PEOPLE:
        return LearnedBlend(BlendWeights.from_source(ALS, {}), ALS, {}, len(histories))
    generator = np.random.default_rng(seed)
    half_lives = _choose_half_lives(sources, histories, relevant, generator)
    candidates = gather_candidates(with_half_lives(sources, half_lives), histories, relevant)
    able = np.bincount(candidates.person, candidates.chosen, minlength=len(histories)) > 0
    if able.sum() < _FEWEST_PEOPLE:
        return LearnedBlend(BlendWeights.from_source(ALS, {}), ALS, {}, int(able.sum()))
    n_relevant = np.diff(relevant.indptr)

    def quality(scores: np.ndarray) -> np.ndarray:
        return _ndcg(candidates, scores, n_relevant, generator)

    columns = zip(candidates.names, candidates.relative.T, strict=True)
    qualities = {name: quality(column) for name, column in columns}
    folds = max(_FOLDS, min(_MOST_FOLDS, _MANY_PEOPLE // len(histories)))
    fold = generator.permutation(len(histories)) % folds
    scores = np.empty(len(candidates.item), dtype=np.float32)
    for part in range(folds):
        weights = _fit(candidates, able & (fold != part))
        judged = candidates.of_users(fold == part)
        scores[fold[candidates.person] == part] = judged.scores(weights)
    qualities[BLEND] = quality(scores)
    shortest = int(histories.lengths[able].min())
    blend = _as_blend(candidates.names, _fit(candidates, able), half_lives, shortest)
    validation = {name: float(values.mean()) for name, values in qualities.items()}
    return LearnedBlend(blend, _choice(qualities, seed), validation, len(histories))


def _choice(qualities: Mapping[str, np.ndarray], seed: int) -> str:
    """The blend, or the best single source if it is better beyond noise on the same people."""
    best = max(qualities, key=lambda name: qualities[name].mean())
    gaps = qualities[best] - qualities[BLEND]
    return best if paired_test(gaps, seed=seed) <= SIGNIFICANT else BLEND


def with_half_lives(
    sources: Mapping[str, CandidateSource], half_lives: Mapping[str, float]
) -> dict[str, CandidateSource]:
    """The sources with these half-lives."""
    return {
        name: with_half_life(source, half_lives[name]) if name in half_lives else source
        for name, source in sources.items()
    }


def _choose_half_lives(
    sources: Mapping[str, CandidateSource],
    histories: Histories,
    relevant: sparse.csr_matrix,
    generator: np.random.Generator,
) -> dict[str, float]:
    """For each source the half-life with the highest nDCG on a draw of the people."""
    n = min(_TUNING_USERS, len(histories))
    drawn = np.sort(generator.choice(len(histories), n, replace=False))
    some, wanted = histories.take(drawn), relevant[drawn]
    chosen = {}
    for name, source in sources.items():
        if isinstance(source, Popularity):
            continue
        values = {
            half_life: _alone(with_half_life(source, half_life), some, wanted, generator)
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
    candidates = gather_candidates({"": source}, histories, relevant)
    scores = candidates.relative[:, 0]
    return float(_ndcg(candidates, scores, np.diff(relevant.indptr), generator).mean())


def _fit(candidates: Candidates, people: np.ndarray) -> np.ndarray:
    """Weights of the features, float32; their prior counts less the more people there are."""
    theirs = candidates.of_users(people)
    penalty = _PRIOR / np.count_nonzero(people)
    weights = fit_choices(theirs.features(), theirs.chosen, theirs.person, penalty)
    return weights.astype(np.float32)


def _as_blend(
    names: tuple[str, ...], weights: np.ndarray, half_lives: dict[str, float], shortest: int
) -> BlendWeights:
    of_source = weights.reshape(len(names), TERMS).tolist()
    weights_of = {n: tuple(w) for n, w in zip(names, of_source, strict=True)}
    return BlendWeights(weights_of, half_lives, shortest)


def _ndcg(
    candidates: Candidates,
    scores: np.ndarray,
    n_relevant: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """nDCG@10 of each person when the candidates are ranked by ``scores``; ties by chance."""
    gains = discounted_gains(candidates.positions(scores, generator), _K)
    person = candidates.person[candidates.chosen]
    gained = np.bincount(person, gains, minlength=len(n_relevant))
    return gained / ideal_dcg(n_relevant, _K)
