"""The one way from scores to lists: every model is filtered and ranked here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from scipy import sparse

from recsys_lib.errors import RecsysError

NO_ITEM = -1
_BLOCK_CELLS = 16_000_000  # scores held at once by one thread: 64 MB


class ScoreError(RecsysError):
    """A model gave a score that is not a number."""


class Scorer(Protocol):
    """A model: one score for every user and item, higher is better."""

    def scores(self, users: np.ndarray) -> np.ndarray:
        """float32, shape (len(users), items); a new array that the caller may change."""
        ...


def top_k(
    scorer: Scorer,
    users: np.ndarray,
    seen: sparse.csr_matrix | None,
    k: int,
    *,
    seed: int,
) -> np.ndarray:
    """The k best items of each user, best first: int32, shape (len(users), k).

    Items in the user's row of ``seen`` are never returned; where fewer than k are left the rest
    of the row is -1. Equal scores are ordered by a seeded shuffle of the items and not by item
    number, which may carry information. Raises ScoreError for scores that are NaN.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = pool.map(
            lambda block: _rank(scorer.scores(block), block, seen, k, seed), _blocks(scorer, users)
        )
        ranked = list(blocks)
    return np.concatenate(ranked) if ranked else np.empty((0, k), dtype=np.int32)


def _blocks(scorer: Scorer, users: np.ndarray) -> Iterator[np.ndarray]:
    if not len(users):
        return
    n_items = scorer.scores(users[:1]).shape[1]
    size = max(1, _BLOCK_CELLS // n_items)
    for start in range(0, len(users), size):
        yield users[start : start + size]


def _rank(
    scores: np.ndarray, users: np.ndarray, seen: sparse.csr_matrix | None, k: int, seed: int
) -> np.ndarray:
    if np.isnan(scores).any():
        raise ScoreError("a model gave NaN as a score: it cannot be ranked")
    if seen is not None:
        rows = seen[users]
        scores[np.repeat(np.arange(len(users)), np.diff(rows.indptr)), rows.indices] = -np.inf
    n_items = scores.shape[1]
    order = np.random.default_rng(seed).permutation(n_items)
    shuffled = scores[:, order]
    best = min(k, n_items)
    top = np.argpartition(shuffled, n_items - best, axis=1)[:, n_items - best :]
    # Cells of equal score at the border of the list come from the shuffle, so they are fair too.
    top.sort(axis=1)
    values = np.take_along_axis(shuffled, top, axis=1)
    ranks = np.argsort(-values, axis=1, kind="stable")
    items = order[np.take_along_axis(top, ranks, axis=1)].astype(np.int32)
    items[np.isneginf(np.take_along_axis(values, ranks, axis=1))] = NO_ITEM
    padding = ((0, 0), (0, k - best))
    return np.pad(items, padding, constant_values=NO_ITEM)
