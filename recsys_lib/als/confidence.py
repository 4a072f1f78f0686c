"""From ratings to confidences: how sure we are that a user likes an item."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_lib.data.cleaning.times import ORDER_BELOW
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters

_MS_PER_DAY = 86_400_000.0


def confidence(interactions: Interactions, parameters: AlsParameters) -> sparse.csr_matrix:
    """Confidences as a float32 matrix of shape (users, items), indices sorted.

    A pair that is not in the matrix has the confidence 1 of not being liked. What is rated below
    ``min_rating`` is in it with a 0: seen, but no sign of liking; ``liked`` leaves it out. With
    ``half_life_days`` what exceeds 1 fades with the age of the interaction, counted from the
    newest of all; ParameterError when the data has no times, but only an order.

    Linear and logarithmic confidence: Hu, Koren, Volinsky (2008), equation 6 and section 4.
    """
    rating = interactions.rating.astype(np.float32)
    values = _of_ratings(rating, parameters)
    if parameters.half_life_days:
        values = 1 + (values - 1) * _freshness(interactions.timestamp, parameters.half_life_days)
    values[rating < parameters.min_rating] = 0
    shape = (len(interactions.users), len(interactions.items))
    cells = (values.astype(np.float32), (interactions.user, interactions.item))
    matrix = sparse.csr_matrix(cells, shape=shape)
    matrix.sort_indices()
    return matrix


def liked(confidences: sparse.csr_matrix) -> sparse.csr_matrix:
    """The part of :func:`confidence` that the training learns from."""
    positive = confidences.copy()
    positive.eliminate_zeros()
    return positive


def newer_items(interactions: Interactions) -> np.ndarray:
    """How many items of the user are newer, int32, one for each entry of :func:`confidence`."""
    in_rows = np.lexsort((interactions.item, interactions.user))
    return interactions.newer()[in_rows].astype(np.int32)


def recency_weights(newer: np.ndarray, half_life: float) -> np.ndarray:
    """How much an item counts in a query, float32: 1 for the newest, half every ``half_life`` ones.

    ``newer`` says how many items of the same history are newer; without a half-life all are 1.
    """
    if not half_life:
        return np.ones(len(newer), dtype=np.float32)
    return np.exp2(-newer / half_life).astype(np.float32)


def _of_ratings(rating: np.ndarray, parameters: AlsParameters) -> np.ndarray:
    if parameters.confidence == "linear":
        return parameters.alpha * rating
    if parameters.confidence == "log":
        return 1 + parameters.alpha * np.log1p(rating)
    return np.full(len(rating), parameters.alpha, dtype=np.float32)


def _freshness(timestamp: np.ndarray, half_life_days: float) -> np.ndarray:
    if len(timestamp) and np.median(timestamp) < ORDER_BELOW:
        raise ParameterError(
            "als.half_life_days needs times, but the data has only an order of interactions: "
            "set it to 0, or use als.recency_half_life, which counts items"
        )
    age = timestamp.max(initial=0) - timestamp
    return np.exp2(-age / _MS_PER_DAY / half_life_days)
