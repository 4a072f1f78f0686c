"""Confidence: how strongly an interaction says that a user likes an item.

Reference: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (2008),
equation 6 (logarithmic) and section 4 (linear).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_lib.data.interactions import Interactions
from recsys_lib.data.units import ORDER_BELOW
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters

_MS_PER_DAY = 86_400_000.0


def confidence(interactions: Interactions, parameters: AlsParameters) -> sparse.csr_matrix:
    """Confidence of every interaction.

    An interaction rated below ``min_rating`` is stored as an explicit 0: the user has seen the
    item, but did not like it; :func:`liked` drops these entries. A pair without an entry has
    confidence 1 of not being liked. What was taken c times counts log2(1 + c) times as much. With
    ``half_life_days``, the part of a confidence above 1 fades with age, measured from the newest
    interaction of all.

    Parameters
    ----------
    interactions : Interactions
    parameters : AlsParameters
        Its ``confidence``, ``alpha``, ``min_rating`` and ``half_life_days`` are used.

    Returns
    -------
    scipy.sparse.csr_matrix
        float32, shape (users, items), indices sorted.

    Raises
    ------
    ParameterError
        If ``half_life_days`` is set and the data has only an order, no timestamps.

    Examples
    --------
    >>> from recsys_lib.ids import IdMap
    >>> interactions = Interactions(
    ...     users=IdMap(["ann", "bob"]),
    ...     items=IdMap(["belt", "pump"]),
    ...     user=np.array([0, 0, 1], dtype=np.int32),
    ...     item=np.array([0, 1, 1], dtype=np.int32),
    ...     rating=np.array([5, 1, 4], dtype=np.float32),
    ...     timestamp=np.array([1, 2, 3]),
    ... )
    >>> confidence(interactions, AlsParameters(alpha=10.0, min_rating=3.0)).toarray()
    array([[50.,  0.],
           [ 0., 40.]], dtype=float32)
    """
    rating = interactions.rating.astype(np.float32)
    # Taken again says more, but the tenth time less than the second.
    values = _of_ratings(rating, parameters) * np.log2(1 + interactions.count.astype(np.float32))
    if parameters.half_life_days:
        values = 1 + (values - 1) * _freshness(interactions.timestamp, parameters.half_life_days)
    values[rating < parameters.min_rating] = 0
    shape = (len(interactions.users), len(interactions.items))
    cells = (values.astype(np.float32), (interactions.user, interactions.item))
    matrix = sparse.csr_matrix(cells, shape=shape)
    matrix.sort_indices()
    return matrix


def liked(confidences: sparse.csr_matrix) -> sparse.csr_matrix:
    """A copy without the explicit zeros of :func:`confidence`: what the training learns from."""
    positive = confidences.copy()
    positive.eliminate_zeros()
    return positive


def newer_items(interactions: Interactions) -> np.ndarray:
    """Number of newer items in the user's history, int32, per entry of :func:`confidence`."""
    # Interactions are in the order of time, entries of the matrix in the order of items.
    return interactions.newer()[interactions.by_item()].astype(np.int32)


def recency_weights(newer: np.ndarray, half_life: float) -> np.ndarray:
    """Weight of each item in a history: 1 for the newest, halved every ``half_life`` items."""
    if not half_life:
        return np.ones(len(newer), dtype=np.float32)
    return np.exp2(-newer / half_life).astype(np.float32)


def recency_weighted(
    confidences: sparse.csr_matrix, newer: np.ndarray, half_life: float
) -> sparse.csr_matrix:
    """Confidences times :func:`recency_weights`; ``newer`` has one number per entry."""
    values = confidences.data * recency_weights(newer, half_life)
    return sparse.csr_matrix(
        (values, confidences.indices, confidences.indptr), shape=confidences.shape
    )


def _of_ratings(rating: np.ndarray, parameters: AlsParameters) -> np.ndarray:
    if parameters.confidence == "linear":
        return parameters.alpha * rating
    if parameters.confidence == "log":
        return 1 + parameters.alpha * np.log1p(rating)
    return np.full(len(rating), parameters.alpha, dtype=np.float32)


def _freshness(timestamp: np.ndarray, half_life_days: float) -> np.ndarray:
    if len(timestamp) and np.median(timestamp) < ORDER_BELOW:
        raise ParameterError(
            "als.half_life_days needs timestamps, but the data has only an order of interactions: "
            "set it to 0, or use als.recency_half_life, which counts items"
        )
    age = timestamp.max(initial=0) - timestamp
    return np.exp2(-age / _MS_PER_DAY / half_life_days)
