"""Where recommendations come from: each source scores every item for a history.

Scores are at least comparable within one history and one source; what they are worth against
each other is what the blend learns. A source that knows nothing gives 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy import sparse

from recsys_lib.als.fold_in import FoldIn
from recsys_lib.blend.histories import Histories
from recsys_lib.data.interactions import Interactions

AFTER, TOGETHER, ALS, TEXT = "after", "together", "als", "text"
POPULAR, RECENT = "popular", "recent"
NAMES = (AFTER, TOGETHER, ALS, TEXT, POPULAR, RECENT)
"""Every source, in the order of the features of a blend."""
RECENT_SHARE = 0.1


class CandidateSource(Protocol):
    """One way to score items for a history."""

    def scores(self, histories: Histories) -> np.ndarray:
        """Finite float32, shape (people, items), higher is better; a new array."""
        ...


@dataclass(frozen=True)
class Neighbours:
    """Items near those of the history: the sum of item-to-item weights, recent items first.

    ``weights`` is CSR of shape (items, items), from an item of the history to others.
    """

    weights: sparse.csr_matrix
    half_life: float = math.inf

    def scores(self, histories: Histories) -> np.ndarray:
        """Sum of recency times weight over the history."""
        recency = histories.recency(self.half_life)
        return np.asarray((histories.matrix(recency) @ self.weights).toarray())

    def parts(self, histories: Histories, item: int) -> np.ndarray:
        """What each entry of one person's history adds to the score of ``item``."""
        column = self.weights[histories.items, item].toarray().ravel()
        return histories.recency(self.half_life) * column


@dataclass(frozen=True)
class FoldedAls:
    """Matrix factorization; the person's vector is solved for, recent items counting more."""

    fold_in: FoldIn
    half_life: float = math.inf

    def confidence(self, histories: Histories) -> sparse.csr_matrix:
        """Confidence times recency, shape (people, items)."""
        recency = histories.recency(self.half_life)
        matrix = histories.matrix(histories.confidences * recency)
        matrix.eliminate_zeros()
        return matrix

    def scores(self, histories: Histories) -> np.ndarray:
        """Inner products of the folded-in vectors and the item factors."""
        return self.fold_in.solve(self.confidence(histories)) @ self.fold_in.item_factors.T


@dataclass(frozen=True)
class TextNeighbours:
    """Items that read like those of the history.

    ``embeddings``: float32, shape (items, dimension), rows of length 1, or 0 without a text.
    """

    embeddings: np.ndarray
    half_life: float = math.inf

    def scores(self, histories: Histories) -> np.ndarray:
        """Sum of recency times cosine over the history."""
        recency = histories.recency(self.half_life)
        return np.asarray(histories.matrix(recency) @ self.embeddings) @ self.embeddings.T

    def parts(self, histories: Histories, item: int) -> np.ndarray:
        """What each entry of one person's history adds to the score of ``item``."""
        cosines = self.embeddings[histories.items] @ self.embeddings[item]
        return histories.recency(self.half_life) * cosines


@dataclass(frozen=True)
class Popularity:
    """The same for everybody: log(1 + count). ``counts`` has the shape (items,)."""

    counts: np.ndarray

    def scores(self, histories: Histories) -> np.ndarray:
        """A row for each person."""
        return np.tile(np.log1p(self.counts).astype(np.float32), (len(histories), 1))


def with_half_life(source: CandidateSource, half_life: float) -> CandidateSource:
    """The same source, forgetting at another pace; popularity has nothing to forget."""
    if isinstance(source, Neighbours | FoldedAls | TextNeighbours):
        return replace(source, half_life=half_life)
    return source


def recent_counts(interactions: Interactions) -> np.ndarray:
    """How often each item was taken among the last ``RECENT_SHARE`` of all interactions in time."""
    moment = np.quantile(interactions.timestamp, 1 - RECENT_SHARE, method="lower")
    recent = interactions.item[interactions.timestamp >= moment]
    return np.bincount(recent, minlength=len(interactions.items))
