"""Lists of all users, computed once for those who have the same, and kept in files meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys_lib.als import AlsModel
from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.queries import Queries, SharedLists, faded, fold_in_all
from recsys_lib.blend.personal import BlendModel
from recsys_lib.ranking.inner_product import Ranker
from recsys_lib.ranking.top_k import in_blocks
from recsys_lib.serving.export.progress import Steps

_ASKED = 8192  # lists computed at once
_FOLDED = 1 << 16  # histories solved at once


@dataclass(frozen=True, kw_only=True)
class Lists(SharedLists):
    """The lists of a model.

    Parameters
    ----------
    items: int32, shape (lists, n): positions of items, best first, -1 where there is none.
    scores: float32, shape (lists, n).
    """

    items: np.ndarray
    scores: np.ndarray

    def of_users(self, users: slice) -> tuple[np.ndarray, np.ndarray]:
        """Items and scores of some users, shape (users, n)."""
        mine = self.group[users]
        return self.items[mine], self.scores[mine] * self.scale[users, None]


def served_lists(personal: BlendModel, n: int, scratch: Path, steps: Steps) -> Lists:
    """What the recommender answers each user by the blend; ``scratch`` is a folder for files."""
    group, people = personal.histories.distinct()
    items, scores = _files(scratch, len(people), n)
    with steps.step(f"lists for {len(group):,} users", len(people)) as advance:
        for start in range(0, len(people), _ASKED):
            some = people[start : start + _ASKED]
            found = in_blocks(lambda rows: personal.best(rows, n), some, len(personal.items))
            part = slice(start, start + len(some))
            items[part], scores[part] = (np.concatenate(both) for both in zip(*found, strict=True))
            advance(len(some))
    scale = np.ones(len(group), dtype=np.float32)
    return Lists(items=items, scores=scores, group=group, scale=scale)


def als_lists(model: AlsModel, n: int, scratch: Path, steps: Steps) -> Lists:
    """The best items of matrix factorization for each user."""
    queries, ranker = user_queries(model, scratch), Ranker.of(model.model.item_factors)
    items, scores = _files(scratch, queries.n_lists, n)
    with steps.step(f"lists for {len(model.users):,} users", queries.n_lists) as advance:
        for start in range(0, queries.n_lists, _ASKED):
            part = slice(start, start + _ASKED)
            items[part], scores[part] = queries.best(ranker, part, n)
            advance(len(items[part]))
    return Lists(items=items, scores=scores, group=queries.group, scale=queries.scale)


def user_queries(model: AlsModel, scratch: Path) -> Queries:
    """What all users ask; folded-in vectors are kept in a file in ``scratch``."""
    parameters, histories = model.parameters, model.user_items
    one_lambda = not parameters.frequency_scaling
    if not parameters.recency_half_life:
        vectors = np.asarray(model.model.user_factors)
        return Queries.of(vectors, histories, one_lambda=one_lambda)
    distinct = DistinctRows.of(faded(histories, model.newer, parameters.recency_half_life))
    shape = (distinct.rows.shape[0], parameters.factors)
    vectors = _file(scratch / "vectors.npy", np.float32, shape)
    for start in range(0, len(vectors), _FOLDED):
        some = slice(start, start + _FOLDED)
        vectors[some] = fold_in_all(
            distinct.rows[some], model.model.item_factors, model.model.penalty
        )
    queries = Queries.of(np.asarray(vectors), distinct.rows, one_lambda=one_lambda)
    return queries.of_users(distinct.group)


def _files(scratch: Path, n_lists: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for items and scores on disk: they need not fit into memory."""
    items = _file(scratch / "items.npy", np.int32, (n_lists, n))
    return items, _file(scratch / "scores.npy", np.float32, (n_lists, n))


def _file(path: Path, kind: type[np.generic], shape: tuple[int, int]) -> np.ndarray:
    return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
