"""Matrix factorization as a candidate source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from recsys_lib.als import FoldIn, Penalty
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources.base import CandidateSource, ServedParts, Training


@dataclass(frozen=True)
class FoldedAls(CandidateSource):
    """ALS with user factors from fold-in, in which recent items have a higher confidence.

    Without a half-life these are the user factors of the training.
    """

    name, label = "als", "als"
    forgets, counted = True, False

    fold_in: FoldIn

    @classmethod
    def train(cls, training: Training) -> Self | None:
        """Train ALS."""
        penalty = Penalty.from_parameters(training.als)
        return cls(FoldIn.from_item_factors(training.item_factors, penalty))

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], parts: ServedParts) -> Self | None:
        """From the ALS part; products without interactions have the factors 0."""
        model = parts.als.model
        factors = parts.padded(np.asarray(model.item_factors))
        return cls(FoldIn.from_item_factors(factors, model.penalty))

    def scores(self, histories: Histories) -> np.ndarray:
        """Inner products of the user factors and the item factors."""
        return self.user_vectors(histories) @ self.item_vectors.T

    @property
    def item_vectors(self) -> np.ndarray:
        """The item factors."""
        return self.fold_in.item_factors

    def user_vectors(self, histories: Histories) -> np.ndarray:
        """The user factors."""
        return self.fold_in.solve(histories.matrix(self._confidences(histories)))

    def contributions(self, history: Histories, items: np.ndarray) -> np.ndarray:
        """A user's factors are a sum over the history, and so are the scores."""
        return self.fold_in.contributions(history.items, self._confidences(history), items)

    def _confidences(self, histories: Histories) -> np.ndarray:
        """Confidence times recency, float32, shape (entries,)."""
        return histories.confidences * histories.recency(self.half_life)
