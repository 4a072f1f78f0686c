"""Train all sources on the same interactions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recsys_lib.als import train_als
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.solver import Penalty
from recsys_lib.blend.cooccurrence import companions, pair_counts, successors
from recsys_lib.blend.histories import Histories
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

if TYPE_CHECKING:
    from recsys_lib.search import ProductSearch


def train_sources(
    interactions: Interactions, parameters: AlsParameters, embeddings: np.ndarray | None
) -> dict[str, CandidateSource]:
    """Every source, from these interactions alone; half-lives are infinite.

    ``embeddings``: texts of the items, as :func:`item_embeddings` gives them; None leaves the
    source out.
    """
    penalty = Penalty(parameters.regularization, parameters.frequency_scaling)
    fold_in = FoldIn.of(train_als(interactions, parameters).item_factors, penalty)
    return {
        **counted_sources(interactions, Histories.from_interactions(interactions, parameters)),
        ALS: FoldedAls(fold_in),
        **({TEXT: TextNeighbours(embeddings)} if embeddings is not None else {}),
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
