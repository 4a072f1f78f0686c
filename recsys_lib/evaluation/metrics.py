"""Ranking metrics for all users at once.

``lists`` is int32 of shape (users, k), best first, -1 where there is no item. ``relevant`` is a
sparse matrix of shape (users, items) that is non-zero where an item is relevant. The metrics of
accuracy are one value per user, in [0, 1], so that their spread is known. A user without a
relevant item gets NaN: there is nothing to find. An empty list is worth 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from recsys_lib.ranking import NO_ITEM

PerUser = Callable[[np.ndarray, np.ndarray], np.ndarray]


def hits(lists: np.ndarray, relevant: sparse.csr_matrix) -> np.ndarray:
    """bool, shape (users, k): whether the item at each place is relevant."""
    n_items = relevant.shape[1]
    cells = np.arange(len(lists), dtype=np.int64)[:, None] * n_items + lists
    rows, items = relevant.nonzero()
    return np.isin(cells, rows.astype(np.int64) * n_items + items) & (lists != NO_ITEM)


def recall(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Share of the relevant items that are in the list: hits / relevant.

    Source: Järvelin and Kekäläinen 2002 for the cut at k; the denominator is not cut at k.
    """
    return hits.sum(axis=1) / _or_nan(n_relevant)


def precision(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Share of the k places that hold a relevant item: hits / k.

    The denominator is k for a shorter list, too. Source: Manning, Raghavan, Schütze,
    "Introduction to Information Retrieval" (2008), section 8.4.
    """
    return hits.mean(axis=1) * _one_or_nan(n_relevant)


def hit_rate(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """1 when there is a relevant item in the list, else 0.

    Source: Deshpande and Karypis, "Item-based top-N recommendation algorithms" (2004). With one
    held-out item it equals recall.
    """
    return hits.any(axis=1) * _one_or_nan(n_relevant)


def ndcg(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Discounted gain over that of the ideal list: sum hit_i / log2(i + 1), i from 1.

    The ideal list has min(relevant, k) hits at the top. Gains are 0 or 1. Source: Järvelin and
    Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002).
    """
    k = hits.shape[1]
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(n_relevant, k)]
    return np.minimum((hits @ discounts) / _or_nan(ideal), 1.0)  # another order of adding up


def average_precision(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Mean of the precision at the place of each hit: sum precision@i * hit_i / min(relevant, k).

    Its mean over users is MAP@k. Source: Manning, Raghavan, Schütze, "Introduction to
    Information Retrieval" (2008), section 8.4, cut at k.
    """
    k = hits.shape[1]
    at_place = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    return (at_place * hits).sum(axis=1) / _or_nan(np.minimum(n_relevant, k))


def reciprocal_rank(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """1 / place of the first relevant item, 0 when there is none in the list.

    Its mean over users is MRR@k. Source: Voorhees, "The TREC-8 question answering track report"
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
