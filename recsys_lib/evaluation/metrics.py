"""Ranking metrics for all users at once.

``lists`` is int32 of shape (users, k), best first, -1 where there is no item. ``relevant`` is a
sparse matrix of shape (users, items), non-zero where an item is relevant. A metric of accuracy is
one value per user, in [0, 1]. A user without a relevant item gets NaN, an empty list 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from recsys_lib.ranking import NO_ITEM, dcg, ideal_dcg

PerUser = Callable[[np.ndarray, np.ndarray], np.ndarray]


def hits(lists: np.ndarray, relevant: sparse.csr_matrix) -> np.ndarray:
    """Whether the item at each position is relevant: bool, shape (users, k)."""
    n_items = relevant.shape[1]
    cells = np.arange(len(lists), dtype=np.int64)[:, None] * n_items + lists
    rows, items = relevant.nonzero()
    return np.isin(cells, rows.astype(np.int64) * n_items + items) & (lists != NO_ITEM)


def recall(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Share of the relevant items that are in the list: hits / relevant.

    Parameters
    ----------
    hits
        Whether the item at each position is relevant, bool, shape (users, k).
    n_relevant
        Relevant items of each user, shape (users,).

    Returns
    -------
    One value per user, shape (users,). It can be below 1 for a perfect list of k items, because
    the denominator is not cut at k.

    Examples
    --------
    >>> recall(np.array([[True, False], [False, False]]), np.array([4, 1])).tolist()
    [0.25, 0.0]
    """
    return hits.sum(axis=1) / _or_nan(n_relevant)


def precision(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Share of the k positions that hold a relevant item: hits / k.

    A list of fewer than k items is divided by k, too. Reference: Manning, Raghavan, Schütze,
    "Introduction to Information Retrieval" (2008), section 8.4.
    """
    return hits.mean(axis=1) * _one_or_nan(n_relevant)


def hit_rate(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """1 when there is a relevant item in the list, else 0.

    Reference: Deshpande and Karypis, "Item-based top-N recommendation algorithms" (2004). With one
    held-out item it equals recall.
    """
    return hits.any(axis=1) * _one_or_nan(n_relevant)


def ndcg(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Normalized discounted cumulative gain: sum of hit_i / log2(i + 1), i from 1, over the ideal.

    Gains are 0 or 1. The ideal list has min(relevant, k) hits at the top.

    Parameters
    ----------
    hits
        Whether the item at each position is relevant, bool, shape (users, k).
    n_relevant
        Relevant items of each user, shape (users,).

    Returns
    -------
    One value per user, shape (users,).

    Examples
    --------
    >>> ndcg(np.array([[True, False], [False, True]]), np.array([1, 1])).round(3).tolist()
    [1.0, 0.631]

    Reference: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002).
    """
    ideal = ideal_dcg(n_relevant, hits.shape[1])
    # Rounding can lift a perfect list above its ideal, which is added up in another order.
    return np.minimum(dcg(hits) / _or_nan(ideal), 1.0)


def average_precision(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Mean of the precision at each hit: sum of precision@i * hit_i / min(relevant, k).

    Its mean over users is MAP@k. Reference: Manning, Raghavan, Schütze, "Introduction to
    Information Retrieval" (2008), section 8.4, cut at k.
    """
    k = hits.shape[1]
    precisions = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    return (precisions * hits).sum(axis=1) / _or_nan(np.minimum(n_relevant, k))


def reciprocal_rank(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """1 / rank of the first relevant item, 0 when there is none in the list.

    Its mean over users is MRR@k. Reference: Voorhees, "The TREC-8 question answering track report"
    (1999).
    """
    first = np.argmax(hits, axis=1) + 1
    return hits.any(axis=1) / first * _one_or_nan(n_relevant)


ACCURACY: dict[str, PerUser] = {
    "recall": recall,
    "precision": precision,
    "hit_rate": hit_rate,
    "ndcg": ndcg,
    "map": average_precision,
    "mrr": reciprocal_rank,
}
"""Every metric of accuracy by its name in tables and records."""


def _or_nan(denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator > 0, denominator, np.nan)


def _one_or_nan(n_relevant: np.ndarray) -> np.ndarray:
    return np.where(n_relevant > 0, 1.0, np.nan)
