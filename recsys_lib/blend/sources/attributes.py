"""Item factors from texts as a candidate source: ALS for products that few people took.

Reference: Gantner et al. (2010), Learning attribute-to-feature mappings for cold-start
recommendations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import linalg

from recsys_lib.als import FoldIn, Penalty
from recsys_lib.blend.sources.base import ServedParts, Training
from recsys_lib.blend.sources.factorization import FoldedAls
from recsys_lib.blend.sources.texts import item_embeddings

_RIDGE = 1.0
"""Added to the Gram matrix of the embeddings, in interactions."""
_PRIOR = 10.0
"""An item with this many interactions takes half of its factors from its text."""


@dataclass(frozen=True)
class AttributeFactors(FoldedAls):
    """ALS in which the factors of an item lean on its text, the more the fewer people took it.

    A linear map from embeddings to item factors is fitted to the items that were taken, by weighted
    least squares. An item with n interactions then has n parts of its own factors and ten parts of
    the mapped ones; a product without interactions has the mapped ones alone.
    """

    name, plain_reason = "attributes", "people with your taste take such things"

    @classmethod
    def train(cls, training: Training) -> Self | None:
        """From the factors of ALS; None without texts."""
        if training.embeddings is None:
            return None
        interactions, penalty = training.interactions, Penalty.from_parameters(training.als)
        taken = np.bincount(interactions.item, minlength=len(interactions.items))
        return cls._leaning(training.item_factors, training.embeddings, taken, penalty)

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], parts: ServedParts) -> Self | None:
        """From the ALS part and the search part; None without texts."""
        if parts.search is None:
            return None
        factors = parts.padded(np.asarray(parts.als.model.item_factors))
        embeddings = item_embeddings(parts.search, parts.items.ids())
        taken = parts.padded(parts.als.popularity)
        return cls._leaning(factors, embeddings, taken, parts.als.model.penalty)

    @classmethod
    def _leaning(
        cls, factors: np.ndarray, embeddings: np.ndarray, taken: np.ndarray, penalty: Penalty
    ) -> Self:
        taken = taken.astype(np.float32)[:, None]
        mapped = embeddings @ _fit(embeddings, factors, taken)
        mixed = (taken * factors + _PRIOR * mapped) / (taken + _PRIOR)
        item_factors = np.where(embeddings.any(axis=1, keepdims=True), mixed, factors)
        return cls(FoldIn.from_item_factors(item_factors.astype(np.float32), penalty))


def _fit(embeddings: np.ndarray, factors: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The map from embeddings to factors, float32, shape (dimension, factors).

    Minimizes sum_i taken_i ||e_i W - v_i||^2 + ridge ||W||^2.
    """
    weighted = embeddings * taken
    gram = (weighted.T @ embeddings).astype(np.float64)
    gram[np.diag_indices_from(gram)] += _RIDGE
    mapping = linalg.solve(gram, (weighted.T @ factors).astype(np.float64), assume_a="pos")
    return np.asarray(mapping, dtype=np.float32)
