"""The one way from scores to lists: every model is filtered and ranked here."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.errors import RecsysError
from recsys_lib.ranking.kernels import select

NO_ITEM = -1
_BLOCK_CELLS = 2_000_000  # scores held at once by one thread: 8 MB, some 40 MB with all copies
_MOST_THREADS = 8  # so that memory does not grow with the cores of the machine


T = TypeVar("T")


class ScoreError(RecsysError):
    """A model gave scores that cannot be ranked."""


class Scorer(Protocol):
    """A model: one score for every user and item, higher is better."""

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Finite float32, shape (len(users), items); a new array that the caller may change."""
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
    number, which may carry information. Raises ScoreError for scores that are not finite, or not
    one for every user and item.
    """
    if not len(users):
        return np.empty((0, k), dtype=np.int32)
    n_items = scorer.scores(users[:1]).shape[1]
    turns = shuffled_turns(n_items, seed)

    def ranked(block: np.ndarray) -> np.ndarray:
        scores = _checked_scores(scorer, block, n_items)
        return rank(scores, None if seen is None else seen[block], turns, k)

    return np.concatenate(in_blocks(ranked, users, n_items))


def in_blocks(function: Callable[[np.ndarray], T], users: np.ndarray, n_items: int) -> list[T]:
    """Call ``function`` for blocks of users, side by side; results in the order of the users.

    Blocks are so large that a score for each of the items fits into some megabytes.
    """
    size = max(1, _BLOCK_CELLS // n_items)
    blocks = [users[start : start + size] for start in range(0, len(users), size)]
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    # The blocks run side by side already; threads of BLAS on top of them halve the speed.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, blocks))


def _checked_scores(scorer: Scorer, users: np.ndarray, n_items: int) -> np.ndarray:
    scores, model = scorer.scores(users), type(scorer).__name__
    if scores.shape != (len(users), n_items):
        raise ScoreError(
            f"{model} gave scores of the shape {scores.shape} for {len(users)} users "
            f"and {n_items} items: a score is needed for each user and item"
        )
    # Minus infinity would pass for "seen" below, and the item would be lost without a word.
    if not np.isfinite(scores).all():
        raise ScoreError(f"{model} gave NaN or infinity as a score: it cannot be ranked")
    return scores


def shuffled_turns(n_items: int, seed: int) -> np.ndarray:
    """Which of equal scores comes first: int32, shape (n_items,), each turn once."""
    return np.random.default_rng(seed).permutation(n_items).astype(np.int32)


def rank(
    scores: np.ndarray, seen: sparse.csr_matrix | None, turns: np.ndarray, k: int
) -> np.ndarray:
    """The k best items of each row of ``scores``, as :func:`top_k` gives them.

    ``scores`` (float32) is overwritten where an item is seen; of equal scores the one of lower
    ``turns`` comes first.
    """
    if seen is not None:
        rows = np.repeat(np.arange(len(scores)), np.diff(seen.indptr))
        scores[rows, seen.indices] = -np.inf
    return best_items(scores, k, turns)


def best_items(
    scores: np.ndarray, k: int, turns: np.ndarray, *, above: float = -np.inf
) -> np.ndarray:
    """The k best items of each row, best first: int32, shape (rows, k); -1 where there is none.

    ``scores`` is float32; those not ``above`` some value are left out. Of equal scores the one of
    lower ``turns`` comes first.
    """
    items = np.full((len(scores), k), NO_ITEM, dtype=np.int32)
    select(scores, turns, np.full(items.shape, above, dtype=np.float32), items)
    return items
