"""Train the candidate sources of a version, and learn what each of them is worth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als import AlsModel
from recsys_lib.blend.choices import Choices
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.learned import LearnedBlend
from recsys_lib.blend.learning import learn_blend
from recsys_lib.blend.signal_choice import choose_signals
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.blend.sources import (
    SEQUENCE,
    CandidateSource,
    SourceOptions,
    Training,
    item_embeddings,
    source_types,
)
from recsys_lib.blend.sources import train_sources as train_all
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry.parts import ALS_PART, SEARCH_PART, has_part

_MOST_SCORES = 400_000_000
"""Users times items of one part, for each source: some seconds each."""
_LEAST_USERS = 2_000


@dataclass(frozen=True)
class Parts:
    """What the blend takes from the other parts of a version.

    Parameters
    ----------
    als: parameters of the ALS part.
    display: columns id, title, image_url, one row for each item.
    embeddings: float32, shape (items, dimension), zeros for items without a text; None without a
        search part.
    """

    als: AlsParameters
    display: pl.DataFrame
    embeddings: np.ndarray | None

    @classmethod
    def load(cls, version: Path) -> Parts:
        """Read the parts ``als`` and, where there is one, ``search`` of a version's folder."""
        from recsys_lib.search import ProductSearch  # noqa: PLC0415  # slow, and not always there

        als = AlsModel.load(version / ALS_PART)
        embeddings = None
        if has_part(version, SEARCH_PART):
            search = ProductSearch.load(version / SEARCH_PART)
            embeddings = item_embeddings(search, als.items.ids())
        return cls(als.parameters, als.display, embeddings)

    def histories(self, interactions: Interactions, signals: Signals = EqualSignals) -> Histories:
        """Histories with the confidences that ALS is trained with."""
        return Histories.from_interactions(interactions, self.als, signals)


class HeldOutUsers(Protocol):
    """Users some of whose interactions were held out."""

    @property
    def users(self) -> np.ndarray:
        """Their rows, int, shape (users,)."""

    @property
    def relevant(self) -> sparse.csr_matrix:
        """The items held out, shape (users, items)."""

    def sample(self, max_users: int, seed: int) -> HeldOutUsers:
        """At most ``max_users`` of them, drawn at random."""


class ValidationSplit(Protocol):
    """Interactions to train on, and two parts that users took afterwards."""

    @property
    def fitting(self) -> Interactions:
        """What the sources are trained on."""

    @property
    def learning(self) -> HeldOutUsers:
        """What the weights are learned from."""

    @property
    def before_judging(self) -> Interactions:
        """What came before ``judging``."""

    @property
    def judging(self) -> HeldOutUsers:
        """What the served model is chosen on."""


@dataclass(frozen=True)
class TrainedBlend:
    """Candidate sources of the fitting part, and what was learned from them.

    Parameters
    ----------
    sources: by name, with infinite half-lives.
    learned: half-lives, weights, and what to serve.
    """

    sources: dict[str, CandidateSource]
    learned: LearnedBlend


def train_blend(
    split: ValidationSplit,
    parts: Parts,
    *,
    blend_users: int = 20_000,
    options: SourceOptions | None = None,
    event_weights: Mapping[str, float] | None = None,
    seed: int,
) -> TrainedBlend:
    """Train all sources on the fitting part, learn the blend, and judge it.

    To test or serve the result, train the sources again on all interactions before the test, with
    :func:`train_sources`: the learned weights hold for them, too.

    Parameters
    ----------
    split
        Fitting, learning and judging part, as ``recsys_lib.evaluation.split_by`` makes them.
    parts
        The parts of the version that the blend is for.
    blend_users
        Learn from at most this many users, and judge by at most as many, drawn at random; fewer
        where the catalogue is so large that scoring it would take too long.
    options
        Limits of the sources that take long.
    event_weights
        Strength of each event type; by default it is learned.
    seed
        Seed of those samples and of :func:`learn_blend`.

    Returns
    -------
    TrainedBlend
        The sources trained on the fitting part, and the learned blend.

    Examples
    --------
    Sixty users walk along a ring of twelve items, so that *after* an item the next one is taken:

    >>> from recsys_lib.evaluation import leave_last_out
    >>> from recsys_lib.ids import IdMap
    >>> user = np.repeat(np.arange(60, dtype=np.int32), 5)
    >>> item = (user + np.tile(np.arange(5), 60)).astype(np.int32) % 12
    >>> users, items = IdMap(map(str, range(60))), IdMap(map(str, range(12)))
    >>> ones = np.ones(300, np.float32)
    >>> interactions = Interactions(users, items, user, item, ones, np.arange(300))
    >>> parts = Parts(AlsParameters(factors=4, iterations=2), pl.DataFrame(), None)
    >>> trained = train_blend(leave_last_out(interactions), parts, seed=0)
    >>> trained.learned.n_users
    60
    >>> round(trained.learned.validation["after"], 2)
    1.0
    """
    # Every source scores every item for each of them.
    most = min(blend_users, max(_LEAST_USERS, _MOST_SCORES // len(split.fitting.items)))
    learners, judges = (held_out.sample(most, seed) for held_out in (split.learning, split.judging))
    signals = choose_signals(split.fitting, parts.als, learners, event_weights, seed=seed)
    sources = train_sources(split.fitting, parts, signals, options)
    learning, judging = (
        Choices(parts.histories(known, signals).take(users.users), users.relevant)
        for known, users in ((split.fitting, learners), (split.before_judging, judges))
    )
    learned = learn_blend(sources, learning, judging, seed=seed, signals=signals)
    return TrainedBlend(sources, learned)


def train_sources(
    interactions: Interactions,
    parts: Parts,
    signals: Signals = EqualSignals,
    options: SourceOptions | None = None,
    trained: TrainedBlend | None = None,
    names: Collection[str] | None = None,
) -> dict[str, CandidateSource]:
    """Train every source, or only ``names``, on these interactions alone; no half-lives.

    ``parts`` gives the parameters of ALS and the texts; without texts that source is left out.
    What was ``trained`` on a part of the interactions is gone on from, and a sequence model that
    got no weight there is not trained again.
    """
    options, start = options or SourceOptions(), {}
    if trained is not None:
        start = trained.sources
        names = {*source_types()} - (
            {SEQUENCE} - trained.learned.served_weights.coefficients.keys()
        )
    training = Training(interactions, parts.als, parts.embeddings, signals, options, start)
    return train_all(training, names)
