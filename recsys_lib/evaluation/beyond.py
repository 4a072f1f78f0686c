"""What lists are like beyond accuracy: coverage, novelty, popularity, inequality, diversity.

``lists`` is int32 of shape (users, k), -1 where there is no item; ``popularity`` has the training
interactions of each item.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_lib.ranking import NO_ITEM

_BLOCK = 2_000  # lists whose sums are held at once


def coverage(lists: np.ndarray, n_items: int) -> float:
    """Share of all items that are in at least one list; 0 for empty lists.

    Reference: Ge, Delgado-Battenfeld, Jannach, "Beyond accuracy" (2010), catalogue coverage.
    """
    return len(np.setdiff1d(lists, [NO_ITEM])) / n_items


def novelty(lists: np.ndarray, popularity: np.ndarray, n_users: int) -> float:
    """Mean surprise of the listed items, in bits: -log2((popularity + 1) / (users + 1)).

    The ones keep an item without interactions finite. NaN for empty lists. Reference: Zhou et al.,
    "Solving the apparent diversity-accuracy dilemma of recommender systems" (2010).
    """
    surprise = -np.log2((popularity + 1) / (n_users + 1))
    return _mean(surprise[lists[lists != NO_ITEM]])


def average_popularity(lists: np.ndarray, popularity: np.ndarray) -> float:
    """Mean number of users who have a listed item; NaN for empty lists.

    Reference: Abdollahpouri, Burke, Mobasher, "Managing popularity bias" (2019).
    """
    return _mean(popularity[lists[lists != NO_ITEM]])


def gini(lists: np.ndarray, n_items: int) -> float:
    """How unevenly items are shown: 0 if all are shown equally often, near 1 if only one is.

    sum (2 i - n - 1) c_i / (n sum c) over the counts c of all n items in ascending order; NaN for
    empty lists. Reference: Fleder and Hosanagar, "Blockbuster culture's next rise or fall" (2009).
    """
    counts = np.sort(np.bincount(lists[lists != NO_ITEM], minlength=n_items))
    if not counts.sum():
        return float("nan")
    weights = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float((weights * counts).sum() / (n_items * counts.sum()))


def diversity(lists: np.ndarray, embeddings: np.ndarray) -> float:
    """Mean of 1 - cosine over the pairs of a list, then over the users.

    ``embeddings`` has rows of length 1, shape (items, dimension); rows of zeros are items without
    a text, which are left out. NaN when no list has two items with a text. Reference: Ziegler
    et al., "Improving recommendation lists through topic diversification" (2005).
    """
    has_text = np.append(np.abs(embeddings).sum(axis=1) > 0, False)
    known = has_text[lists]
    counted = known.sum(axis=1)
    pairs = counted * (counted - 1)
    several = np.flatnonzero(pairs)
    # The squared length of the sum of n unit vectors is n + twice the sum of all cosines.
    length = np.empty(len(several))
    for start in range(0, len(several), _BLOCK):
        part = several[start : start + _BLOCK]
        total = _chosen(lists[part], known[part], len(embeddings)) @ embeddings
        length[start : start + _BLOCK] = np.einsum("ij,ij->i", total, total)
    return _mean(1 - (length - counted[several]) / pairs[several])


def _chosen(lists: np.ndarray, known: np.ndarray, n_items: int) -> sparse.csr_matrix:
    """1 where a known item is in a list, shape (lists, items)."""
    indptr = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    ones = np.ones(indptr[-1], dtype=np.float32)
    return sparse.csr_matrix((ones, lists[known], indptr), shape=(len(lists), n_items))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
