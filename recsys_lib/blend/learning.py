"""Learn a blend: the half-life of each source, what it is worth, and whether to serve the blend.

Half-lives and weights are learned on one held-out part. The blend is judged beside every single
source on another one, which is later and took no part in learning. Then the weights are learned
again, on both parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from recsys_lib.blend._candidates import (
    Candidates,
    as_coefficients,
    gather_candidates,
    prepared_sources,
)
from recsys_lib.blend._logit import fit_choices
from recsys_lib.blend._product_scores import BestProducts
from recsys_lib.blend.blend import BlendWeights
from recsys_lib.blend.choices import Choices, ndcg, source_quality
from recsys_lib.blend.learned import FEWEST_USERS, LearnedBlend
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.blend.similar_choice import choose_similar
from recsys_lib.blend.sources import ALS, BLEND, POPULAR, CandidateSource, with_half_lives
from recsys_lib.significance import SIGNIFICANT, paired_test

HALF_LIVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, math.inf)
_TUNING_USERS = 2_000
_PRIOR = 10.0
_LEAST_SHARE = 0.03
"""A source whose weight is a smaller share of the largest one is not worth computing."""


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

    >>> from scipy import sparse
    >>> from recsys_lib.blend import Choices, Histories
    >>> few = Histories.from_items([0, 1], 1.0, 3).take(np.zeros(10, dtype=int))
    >>> choices = Choices(few, sparse.csr_matrix((10, 3)))
    >>> print(learn_blend({}, choices, choices, seed=0))
    Only 10 users have something to learn from (at least 50 are needed), so ALS is served as it is.
    """
    if len(learning) < FEWEST_USERS or not len(judging):
        return _nothing_learned(len(learning), signals)
    generator = np.random.default_rng(seed)
    prepared = prepared_sources(sources)
    half_lives = _choose_half_lives(sources, prepared, learning, generator)
    tuned = with_half_lives(sources, half_lives)
    shortest = max(int(learning.histories.lengths.min()), 1)

    def gathered(choices: Choices) -> Candidates:
        return gather_candidates(tuned, choices.histories, choices.relevant, shortest, prepared)

    candidates = gathered(learning)
    able = candidates.users_with_a_choice(len(learning))
    n_able = int(np.count_nonzero(able))
    if n_able < FEWEST_USERS:
        return _nothing_learned(n_able, signals)
    weights = BlendWeights(_fit_and_prune(candidates.of_users(able)), half_lives, shortest)
    judged = gathered(judging)
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
    learned = replace(learned, served=served, p_value=float(p_value))
    similar = choose_similar(tuned, learned.served_weights, judging, seed=seed)
    # The choice is made: now both parts may teach.
    everything = candidates.joined(judged, len(learning))
    del candidates, judged, gathered  # a third of a gigabyte each, where users have many
    everything = everything.of_users(everything.users_with_a_choice(len(learning) + len(judging)))
    weights = BlendWeights(_fit_and_prune(everything), half_lives, shortest)
    return replace(learned, weights=weights, similar=similar)


def _nothing_learned(n_users: int, signals: Signals) -> LearnedBlend:
    return LearnedBlend(BlendWeights.from_source(ALS, {}), ALS, {}, n_users, signals=signals)


def _fit_and_prune(candidates: Candidates) -> dict[str, tuple[float, ...]]:
    """Weights by source, of those sources that are worth computing.

    All users of ``candidates`` took one of them.

    The penalty is that of a prior on the summed likelihood: the more users, the less it counts.
    Without a source the others take over what it said, so the rest is fitted again until every
    source is worth it. Where no source is worth anything, popularity is all there is.
    """
    penalty = _PRIOR / len(np.unique(candidates.user))
    names = candidates.names
    while names:
        some = candidates.of_sources(names)
        found = fit_choices(some.features(), some.chosen, some.user, penalty)
        weights = as_coefficients(found, len(names)).astype(np.float32)
        strongest = weights.reshape(len(names), -1, 2).sum(axis=2).max(axis=1)
        kept = (strongest > 0) & (strongest >= _LEAST_SHARE * strongest.max())
        if kept.all():
            return {name: tuple(row) for name, row in zip(names, weights.tolist(), strict=True)}
        names = tuple(name for name, is_kept in zip(names, kept, strict=True) if is_kept)
    alone = POPULAR if POPULAR in candidates.names else candidates.names[0]
    return BlendWeights.from_source(alone, {}).coefficients


def _qualities(
    judged: Candidates, weights: BlendWeights, judging: Choices, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """nDCG@10 of each user, for each source alone and for the blend."""
    n_relevant = np.diff(judging.relevant.indptr)
    columns = zip(judged.names, judged.relative.T, strict=True)
    qualities = {name: ndcg(judged, column, n_relevant, generator) for name, column in columns}
    names = tuple(weights.coefficients)
    coefficients = np.array([weights.coefficients[name] for name in names])
    scores = judged.of_sources(names).scores(coefficients)
    qualities[BLEND] = ndcg(judged, scores, n_relevant, generator)
    return qualities


def _choose_half_lives(
    sources: Mapping[str, CandidateSource],
    prepared: Mapping[str, BestProducts],
    learning: Choices,
    generator: np.random.Generator,
) -> dict[str, float]:
    """For each source that forgets, the half-life with the highest nDCG on a sample of users.

    The lists of ``prepared`` sources take longest. They are compared for users whose histories have
    items of different age: to all others every half-life gives the same list.
    """
    some = learning.sample(_TUNING_USERS, generator)
    differing = some.take(np.flatnonzero(some.histories.has_ages()))
    chosen = {}
    for name, source in sources.items():
        if not source.forgets:
            continue
        users = differing if name in prepared and len(differing) else some
        values = {
            half_life: source_quality(
                source.with_half_life(half_life), users, generator, prepared
            ).mean()
            for half_life in HALF_LIVES
        }
        chosen[name] = max(values, key=lambda half_life: values[half_life])
    return chosen
