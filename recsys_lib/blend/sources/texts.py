"""Similar texts as a candidate source: the only one that knows products without interactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import CandidateSource, ServedParts, Training

if TYPE_CHECKING:
    from recsys_lib.search import ProductSearch


@dataclass(frozen=True)
class TextNeighbours(CandidateSource):
    """Items whose text is similar to those of the history.

    ``embeddings``: float32, shape (items, dimension), rows of length 1, or 0 without a text.
    """

    name, label, reason = "text", "semantic", "similar to {title}"
    forgets, counted = True, False

    embeddings: np.ndarray

    @classmethod
    def train(cls, training: Training) -> Self | None:
        """Take the embeddings as they are; None without them."""
        return None if training.embeddings is None else cls(training.embeddings)

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], parts: ServedParts) -> Self | None:
        """From the search part; None without one."""
        if parts.search is None:
            return None
        return cls(item_embeddings(parts.search, parts.items.ids()))

    def scores(self, histories: Histories) -> np.ndarray:
        """Sum of recency times cosine over the history."""
        return self.user_vectors(histories) @ self.embeddings.T

    @property
    def item_vectors(self) -> np.ndarray:
        """The embeddings."""
        return self.embeddings

    def user_vectors(self, histories: Histories) -> np.ndarray:
        """Sum of recency times embedding over the history."""
        recency = histories.recency(self.half_life)
        return np.asarray(histories.matrix(recency) @ self.embeddings)

    def contributions(self, history: Histories, items: np.ndarray) -> np.ndarray:
        """Recency times cosine."""
        cosines = self.embeddings[items] @ self.embeddings[history.items].T
        return cosines * history.recency(self.half_life)


def item_embeddings(search: ProductSearch, ids: Sequence[str] | np.ndarray) -> np.ndarray:
    """Embeddings of these items, float32, shape (items, dimension); zeros without a text."""
    rows = search.items.rows(list(ids), missing="negative")
    found = np.zeros((len(rows), search.dimension), dtype=np.float32)
    found[rows >= 0] = search.embeddings[rows[rows >= 0]]
    return found
