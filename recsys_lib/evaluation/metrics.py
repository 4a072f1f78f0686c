"""Ranking metrics for all users at once.

``lists`` is int32 of shape (users, k), best first, -1 where there is no item. ``relevant`` is a
sparse matrix of shape (users, items) that is non-zero where an item is relevant. Every metric is
one value per user, in [0, 1], so that its spread is known. A user without a relevant item gets
NaN: there is nothing to find.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_lib.evaluation.ranking import NO_ITEM


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


def ndcg(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Discounted gain over that of the ideal list: sum hit_i / log2(i + 1), i from 1.

    The ideal list has min(relevant, k) hits at the top. Gains are 0 or 1. Source: Järvelin and
    Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002).
    """
    k = hits.shape[1]
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(n_relevant, k)]
    return (hits @ discounts) / _or_nan(ideal)


def average_precision(hits: np.ndarray, n_relevant: np.ndarray) -> np.ndarray:
    """Mean of the precision at the place of each hit: sum precision@i * hit_i / min(relevant, k).

    Its mean over users is MAP@k. Source: Manning, Raghavan, Schütze, "Introduction to
    Information Retrieval" (2008), section 8.4, cut at k.
    """
    k = hits.shape[1]
    precision = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    return (precision * hits).sum(axis=1) / _or_nan(np.minimum(n_relevant, k))


def coverage(lists: np.ndarray, n_items: int) -> float:
    """Share of all items that are in at least one list."""
    return len(np.setdiff1d(lists, [NO_ITEM])) / n_items


def _or_nan(denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator > 0, denominator, np.nan)
