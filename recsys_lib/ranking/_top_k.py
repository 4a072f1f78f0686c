"""From scores to lists of the best items: every model is filtered and ranked here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np
import scipy
from threadpoolctl import threadpool_limits

from recsys_lib.errors import ScoreError
from recsys_lib.processors import processors
from recsys_lib.ranking._kernels import first_new, select_best

NO_ITEM = -1
_BLOCK_CELLS = 4_000_000  # scores held at once by one thread: 16 MB, some 60 MB with all copies
_MOST_THREADS = 8  # so that memory does not grow with the cores of the machine


T = TypeVar("T")


class Scorer(Protocol):
    """A model: one score for every user and item, higher is better."""

    def scores(self, users: np.ndarray) -> np.ndarray:
        """Finite float32, shape (len(users), items); a new array that the caller may change."""
        ...


def top_k(
    scorer: Scorer,
    users: np.ndarray,
    seen: scipy.sparse.csr_matrix | None,
    k: int,
    *,
    seed: int,
) -> np.ndarray:
    """The k best items of each user, best first.

    Equal scores are ordered by a seeded shuffle of the items and not by item number, which may
    carry information.

    Parameters
    ----------
    scorer
        The model.
    users
        Row numbers of the users to rank for, shape (n,).
    seen
        Shape (users, items); items with an entry in the user's row are never returned.
    k
        Length of the lists.
    seed
        Of the tie order.

    Returns
    -------
    Items, int32, shape (n, k); where fewer than k are left the rest of the row is -1.

    Raises
    ------
    ScoreError
        When scores are not finite, or not one for each user and item.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> class Popularity:
    ...     def scores(self, users):
    ...         return np.tile(np.array([5, 9, 7], dtype=np.float32), (len(users), 1))
    >>> seen = scipy.sparse.csr_matrix([[0, 1, 0], [0, 0, 0]])
    >>> top_k(Popularity(), np.array([0, 1]), seen, 2, seed=0).tolist()
    [[2, 0], [1, 2]]
    """
    if not len(users):
        return np.empty((0, k), dtype=np.int32)
    n_items = scorer.scores(users[:1]).shape[1]
    tie_order = shuffled_tie_order(n_items, seed)

    def ranked(block: np.ndarray) -> np.ndarray:
        scores = _checked_scores(scorer, block, n_items)
        return rank_scores(scores, None if seen is None else seen[block], tie_order, k)

    return np.concatenate(in_blocks(ranked, users, n_items))


def top_k_of_row(
    row: np.ndarray, seen: scipy.sparse.csr_matrix, k: int, *, seed: int
) -> np.ndarray:
    """The k best items by one row of scores, (items,), for many users: as :func:`top_k` does.

    ``seen`` has the shape (users, items).
    """
    order = np.lexsort((shuffled_tie_order(len(row), seed), -row)).astype(np.int32)
    items = np.full((seen.shape[0], k), NO_ITEM, dtype=np.int32)
    first_new(order, seen.indptr, seen.indices, items)
    return items


def in_blocks(function: Callable[[np.ndarray], T], users: np.ndarray, n_items: int) -> list[T]:
    """Call ``function`` for blocks of users in several threads; results in the order of the users.

    Blocks are so large that a score for each of the items fits into some megabytes.
    """
    size = max(1, _BLOCK_CELLS // n_items)
    blocks = [users[start : start + size] for start in range(0, len(users), size)]
    threads = min(processors(), _MOST_THREADS)
    # The blocks run side by side already; BLAS threads on top of them would halve the speed.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, blocks))


def _checked_scores(scorer: Scorer, users: np.ndarray, n_items: int) -> np.ndarray:
    scores, model = scorer.scores(users), type(scorer).__name__
    if scores.shape != (len(users), n_items):
        raise ScoreError(
            f"{model} gave scores of shape {scores.shape} for {len(users)} users "
            f"and {n_items} items: one score is needed for each user and item"
        )
    # Minus infinity would pass for "seen" below, and the item would vanish without a word.
    if not np.isfinite(scores).all():
        raise ScoreError(f"{model} gave NaN or infinity as a score, which cannot be ranked")
    return scores


def shuffled_tie_order(n_items: int, seed: int) -> np.ndarray:
    """A seeded tie order: int32, shape (n_items,), each number once."""
    return np.random.default_rng(seed).permutation(n_items).astype(np.int32)


def rank_scores(
    scores: np.ndarray, seen: scipy.sparse.csr_matrix | None, tie_order: np.ndarray, k: int
) -> np.ndarray:
    """The k best items of each row of ``scores`` that are not seen, as :func:`top_k` gives them.

    ``scores`` (float32) is overwritten with -infinity where an item is seen.
    """
    if seen is not None:
        rows = np.repeat(np.arange(len(scores)), np.diff(seen.indptr))
        scores[rows, seen.indices] = -np.inf
    return best_items(scores, k, tie_order)


def best_items(
    scores: np.ndarray, k: int, tie_order: np.ndarray, *, above: float = -np.inf
) -> np.ndarray:
    """The k best columns of each row, best first: int32, shape (rows, k); -1 where there is none.

    ``scores`` is float32, and only those ``above`` a value count.
    """
    items = np.full((len(scores), k), NO_ITEM, dtype=np.int32)
    select_best(scores, tie_order, np.full(items.shape, above, dtype=np.float32), items)
    return items


def best_first(scores: np.ndarray, k: int | None = None) -> np.ndarray:
    """Positions of the k highest of ``scores``, or of all, best first; ties by position.

    For one list of numbers of any type, shape (n,), without NaN.
    """
    if k is None or k >= len(scores):
        return np.argsort(-scores, kind="stable")
    if k < 1:
        return np.empty(0, dtype=np.int64)
    border = np.partition(scores, len(scores) - k)[len(scores) - k]
    above, ties = np.flatnonzero(scores > border), np.flatnonzero(scores == border)
    kept = np.sort(np.concatenate([above, ties[: k - len(above)]]))
    return kept[np.argsort(-scores[kept], kind="stable")]


def keep_largest(matrix: scipy.sparse.csr_matrix, k: int) -> scipy.sparse.csr_matrix:
    """The k largest entries of each row of a sparse matrix; ties by their order in the row."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, row))
    position = np.arange(len(order)) - matrix.indptr[row]
    kept = order[position < k]
    return scipy.sparse.csr_matrix(
        (matrix.data[kept], (row[kept], matrix.indices[kept])), shape=matrix.shape
    )
