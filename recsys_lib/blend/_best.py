"""The best items of a blend without a sum for every item, where its sources allow it.

Sources that know a few hundred items, and sources that say the same to everybody, are enough for
most users. Only items with an entry need a sum of their own; all others have the sum of the shared
sources, whose best items are found once for all users that share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from recsys_lib.blend import _kernels
from recsys_lib.blend._relative import RowScores, SparseScores
from recsys_lib.blend._scored import Scored
from recsys_lib.blend.histories import Histories
from recsys_lib.ranking import NO_ITEM, best_items

if TYPE_CHECKING:
    from recsys_lib.blend.blend import Blend

_HEAD = 256
"""Best items without an entry that are kept in order; with more, all items are looked at."""


def best_of_sparse_blend(
    blend: Blend,
    histories: Histories,
    scored: Mapping[str, Scored],
    k: int,
    tie_order: np.ndarray,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Items and scores, shape (users, k), best first, without those of the histories.

    Equal to what :meth:`Blend.total` would give, to the bit. None where a source has a score of its
    own for every item.
    """
    few = {name: scores for name, scores in scored.items() if isinstance(scores, SparseScores)}
    shared = {
        name: scores
        for name, scores in scored.items()
        if isinstance(scores, RowScores) and len(scores.scores) == 1
    }
    few = {name: few[name] for name in blend.used if name in few}
    others = [name for name in blend.used if name not in few]
    # Sums of floats depend on the order, and the sparse sources are added up first here.
    if blend.used != [*few, *others] or not shared.keys() >= {*others}:
        return None
    used = [(shared[name], blend.weights_of(name, histories)) for name in others]
    base = _base(blend, histories, shared, used, tie_order)
    popularity, weight = blend.last_resort(scored, histories)
    trend = blend.trend(scored, histories)
    items = np.full((len(histories), k), NO_ITEM, dtype=np.int32)
    best = np.full(items.shape, -np.inf, dtype=np.float32)
    _kernels.best_of_sum(
        entries_of(histories, few, [blend.weights_of(name, histories) for name in few]),
        _rows(used, histories),
        (trend.scores, trend.best),
        base,
        (histories.indptr, histories.items),
        tie_order,
        (popularity.scores[0], popularity.best, weight),
        best,
        items,
    )
    return items, best


def entries_of(
    histories: Histories, scored: Mapping[str, SparseScores], weights: list[np.ndarray]
) -> tuple[np.ndarray, ...]:
    """The sparse sources one after the other, as :func:`_kernels.best_of_sum` takes them."""
    n, sources = len(histories), list(scored.values())
    offsets = np.cumsum([0, *(len(source.scores.data) for source in sources)])[: len(sources)]
    pointers = np.array([source.scores.indptr for source in sources], dtype=np.int64)
    pointers = pointers.reshape(-1, n + 1) + offsets[:, None]
    return (
        np.ascontiguousarray(pointers[:, :-1]),
        np.ascontiguousarray(pointers[:, 1:]),
        np.concatenate([*(s.scores.indices for s in sources), np.empty(0, np.int32)]),
        np.concatenate([*(s.scores.data for s in sources), np.empty(0, np.float32)]),
        np.array([source.best for source in sources], dtype=np.float32).reshape(-1, n),
        np.array(weights, dtype=np.float32).reshape(-1, n, 4),
    )


def _rows(
    used: list[tuple[RowScores, np.ndarray]], histories: Histories
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, n_items = len(histories), histories.n_items
    rows = np.array([source.scores[0] for source, _ in used], dtype=np.float32)
    best = np.array([source.best for source, _ in used], dtype=np.float32)
    weights = np.array([weight for _, weight in used], dtype=np.float32)
    return rows.reshape(-1, n_items), best.reshape(-1, n), weights.reshape(-1, n, 4)


def _base(
    blend: Blend,
    histories: Histories,
    shared: Mapping[str, RowScores],
    used: list[tuple[RowScores, np.ndarray]],
    tie_order: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What items without an entry score: rows, the best of each row, and the row of each user."""
    known = [scores.best[:, None] for scores in shared.values()]
    known += [weights for _, weights in used] + [(histories.lengths == 0)[:, None]]
    _, first, key = np.unique(np.hstack(known), axis=0, return_index=True, return_inverse=True)
    some = {name: RowScores(scores.scores, scores.best[first]) for name, scores in shared.items()}
    rows = blend.total(histories.take(first), some)
    return rows, best_items(rows, min(_HEAD, rows.shape[1]), tie_order), key.reshape(-1)
