"""The models that are compared: the recommender, each of its sources, and what the field uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np

from recsys_lib.als.model import item_similarity
from recsys_lib.blend import Parts
from recsys_lib.blend.blend import Blend
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.learning import BLEND, LearnedBlend, with_half_lives
from recsys_lib.blend.sources import AFTER, ALS, TEXT, TOGETHER, CandidateSource, with_half_life
from recsys_lib.evaluation.models import Ease, ItemNeighbours, MostPopular, Random, RecentPopular
from recsys_lib.evaluation.split import TrainTest
from recsys_lib.parameters import EvaluateParameters
from recsys_lib.ranking import Scorer

ALS_RECENCY = "als_recency"
_LABELS = {ALS: ALS_RECENCY}
"""A source stands in the results under its name; ``als`` is ALS as its parameters say."""


@dataclass(frozen=True)
class OneSource(Scorer):
    """A source alone, asked for the users of the test."""

    source: CandidateSource
    histories: Histories

    def scores(self, users: np.ndarray) -> np.ndarray:
        """What the source gives for their histories."""
        return self.source.scores(self.histories.take(users))


def contestants(
    split: TrainTest,
    sources: Mapping[str, CandidateSource],
    learned: LearnedBlend,
    parts: Parts,
    parameters: EvaluateParameters,
) -> dict[str, Scorer]:
    """Every model by the name under which its results stand, the served one among them.

    ``sources`` are trained on ``split.train``. EASE takes part where there are not more items than
    ``ease_max_items``.
    """
    histories, user_items = parts.histories(split.train), split.train.user_items()
    tuned = with_half_lives(sources, learned.weights.half_lives)
    plain = with_half_life(sources[ALS], parts.als.recency_half_life or inf)
    alone = [name for name in (AFTER, TOGETHER, ALS, TEXT) if name in tuned]
    models: dict[str, Scorer] = {
        BLEND: Blend(tuned, learned.weights, histories),
        **{_LABELS.get(name, name): OneSource(tuned[name], histories) for name in alone},
        "als": OneSource(plain, histories),
        "cosine": ItemNeighbours(user_items, item_similarity(user_items, "cosine")),
        "bm25": ItemNeighbours(user_items, item_similarity(user_items, "bm25")),
        "popular": MostPopular(user_items),
        "recent": RecentPopular(split.train),
        "random": Random(len(split.train.items), parameters.seed),
    }
    if len(split.train.items) <= parameters.ease_max_items:
        models["ease"] = Ease.fit(user_items)
    if learned.weights.coefficients.keys() == {ALS}:  # nothing could be learned
        del models[BLEND], models[ALS_RECENCY]
    return models


def served_name(learned: LearnedBlend, models: Mapping[str, Scorer]) -> str:
    """Under which name the results of the model stand that will be served."""
    name = _LABELS.get(learned.served, learned.served)
    return name if name in models else "als"
