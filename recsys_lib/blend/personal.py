"""Recommendations for people by the blend of a version, each with its source and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel
from recsys_lib.blend.artifact import load_blend
from recsys_lib.blend.blend import Blend
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.reasons import Reason, reasons
from recsys_lib.ids import IdMap
from recsys_lib.ranking.top_k import NO_ITEM, rank, shuffled_turns
from recsys_lib.search import ProductSearch

_SHUFFLE_SEED = 0


@dataclass(frozen=True)
class Picks:
    """Items for one person, best first: ids, scores, and why."""

    ids: np.ndarray
    scores: np.ndarray
    reasons: list[Reason]


class BlendModel:
    """The blend part of a version; it is read when the first person asks."""

    def __init__(self, folder: Path, als: AlsModel, semantic: ProductSearch | None) -> None:
        self.folder, self._als, self._semantic = folder, als, semantic

    @cached_property
    def _loaded(self) -> tuple[Blend, IdMap]:
        return load_blend(self.folder, self._als, self._semantic)

    @property
    def items(self) -> IdMap:
        """What is recommended: the items of ALS, then products that nobody has yet."""
        return self._loaded[1]

    @property
    def histories(self) -> Histories:
        """Of the users, in the order of the ALS part."""
        return self._loaded[0].histories

    @cached_property
    def _turns(self) -> np.ndarray:
        return shuffled_turns(len(self.items), _SHUFFLE_SEED)

    @cached_property
    def _titles(self) -> dict[str, str]:
        shown = [part.display for part in (self._als, self._semantic) if part is not None]
        known = pl.concat(shown).drop_nulls("title")
        return dict(zip(known["id"], known["title"], strict=True))

    def of_user(self, row: int, n: int, *, filter_seen: bool) -> Picks:
        """For the user in this row of the ALS part."""
        return self._pick(self.histories.take(np.array([row])), n, filter_seen)

    def of_items(self, item_ids: Sequence[str], n: int) -> Picks:
        """For a stranger who took these items, oldest first; nothing known is no obstacle."""
        rows = self.items.rows(item_ids)
        history = Histories.from_items(rows, self._typical_confidence, len(self.items))
        return self._pick(history, n, filter_seen=True)

    @cached_property
    def _typical_confidence(self) -> float:
        confidences = self.histories.confidences
        return float(confidences[confidences > 0].mean())

    def best(self, users: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions in ``items`` and scores, shape (users, n), for known users, best first.

        ``users`` are rows of the ALS part. Without what they have; -1 where there is nothing left.
        """
        return self._best(self.histories.take(users), n, filter_seen=True)

    def _best(
        self, histories: Histories, n: int, *, filter_seen: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        scores = self._loaded[0].scores_of(histories)
        seen = histories.matrix(histories.confidences) if filter_seen else None
        best = rank(scores, seen, self._turns, min(n, len(self.items)))
        return best, np.take_along_axis(scores, np.maximum(best, 0), axis=1)

    def _pick(self, history: Histories, n: int, filter_seen: bool) -> Picks:
        found, scores = self._best(history, n, filter_seen=filter_seen)
        there = found[0] != NO_ITEM
        rows = found[0][there]
        why = reasons(self._loaded[0], history, rows, self._title, self._als)
        return Picks(self.items.ids(rows), scores[0][there], why)

    def _title(self, row: int) -> str:
        key = str(self.items.ids([row])[0])
        return self._titles.get(key, key)
