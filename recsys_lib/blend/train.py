"""Train the candidate sources, and learn what each of them is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als import AlsModel, train_als
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.solver import Penalty
from recsys_lib.blend.cooccurrence import companions, pair_counts, successors
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.learning import LearnedBlend, learn_blend
from recsys_lib.blend.sources import (
    AFTER,
    ALS,
    POPULAR,
    RECENT,
    TEXT,
    TOGETHER,
    CandidateSource,
    FoldedAls,
    Neighbours,
    Popularity,
    TextNeighbours,
    recent_counts,
)
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry.parts import ALS_PART, PART_MANIFEST, SEARCH_PART

if TYPE_CHECKING:
    from recsys_lib.search import ProductSearch


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
        if (version / SEARCH_PART / PART_MANIFEST).is_file():
            search = ProductSearch.load(version / SEARCH_PART)
            embeddings = item_embeddings(search, als.items.ids())
        return cls(als.parameters, als.display, embeddings)

    def histories(self, interactions: Interactions) -> Histories:
        """Histories with the confidences that ALS is trained with."""
        return Histories.from_interactions(interactions, self.als)


class HeldOutUsers(Protocol):
    """Users of whom something was held out."""

    @property
    def users(self) -> np.ndarray:
        """Their rows, int, shape (users,)."""

    @property
    def relevant(self) -> sparse.csr_matrix:
        """The items held out, shape (users, items)."""

    def sample(self, max_users: int, seed: int) -> HeldOutUsers:
        """At most ``max_users`` of them, drawn at random."""


class ValidationSplit(Protocol):
    """Interactions to train on, and what their users took afterwards."""

    @property
    def fitting(self) -> Interactions:
        """What the sources are trained on."""

    @property
    def validation(self) -> HeldOutUsers:
        """What the weights are learned from."""


@dataclass(frozen=True)
class TrainedBlend:
    """Candidate sources trained on the fitting part, and what was learned from them.

    Parameters
    ----------
    sources: by name, with infinite half-lives.
    learned: half-lives and weights.
    """

    sources: dict[str, CandidateSource]
    learned: LearnedBlend


def train_blend(
    split: ValidationSplit, parts: Parts, *, blend_users: int = 20_000, seed: int
) -> TrainedBlend:
    """Train the sources on the fitting part and learn the blend on the validation part.

    ``blend_users``: learn from at most this many users, drawn at random.
    """
    sources = train_sources(split.fitting, parts)
    validation = split.validation.sample(blend_users, seed)
    histories = parts.histories(split.fitting).take(validation.users)
    return TrainedBlend(sources, learn_blend(sources, histories, validation.relevant, seed=seed))


def train_sources(interactions: Interactions, parts: Parts) -> dict[str, CandidateSource]:
    """Every source, from these interactions alone; half-lives are infinite."""
    penalty = Penalty(parts.als.regularization, parts.als.frequency_scaling)
    fold_in = FoldIn.of(train_als(interactions, parts.als).item_factors, penalty)
    texts = {} if parts.embeddings is None else {TEXT: TextNeighbours(parts.embeddings)}
    return counted_sources(interactions, parts.histories(interactions)) | {
        ALS: FoldedAls(fold_in),
        **texts,
    }


def counted_sources(interactions: Interactions, histories: Histories) -> dict[str, CandidateSource]:
    """The sources that are counted and need no training; ``histories`` are of the interactions."""
    popularity = np.bincount(interactions.item, minlength=len(interactions.items))
    counts = pair_counts(histories)
    return {
        AFTER: Neighbours(successors(counts, popularity)),
        TOGETHER: Neighbours(companions(counts, popularity)),
        POPULAR: Popularity(popularity),
        RECENT: Popularity(recent_counts(interactions)),
    }


def item_embeddings(search: ProductSearch, ids: Sequence[str] | np.ndarray) -> np.ndarray:
    """The vectors of these items, float32, shape (items, dimension); zeros without a text."""
    rows = search.items.rows(list(ids), missing="negative")
    found = np.zeros((len(rows), search.dimension), dtype=np.float32)
    found[rows >= 0] = search.embeddings[rows[rows >= 0]]
    return found
