"""Recommendations for people by the blend of a version, each with its source and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel
from recsys_lib.evaluation.ranking import NO_ITEM, rank, shuffled_turns
from recsys_lib.hybrid.artifact import load_hybrid
from recsys_lib.hybrid.blend import Hybrid
from recsys_lib.hybrid.histories import Histories
from recsys_lib.hybrid.reasons import Reason, reasons
from recsys_lib.ids import IdMap
from recsys_lib.search import ProductSearch

_SHUFFLE_SEED = 0


@dataclass(frozen=True)
class Picks:
    """Items for one person, best first: ids, scores, and why."""

    ids: np.ndarray
    scores: np.ndarray
    reasons: list[Reason]


class Personal:
    """The blend part of a version; it is read when the first person asks."""

    def __init__(self, folder: Path, als: AlsModel, semantic: ProductSearch | None) -> None:
        self.folder, self._als, self._semantic = folder, als, semantic

    @cached_property
    def _loaded(self) -> tuple[Hybrid, IdMap]:
        return load_hybrid(self.folder, self._als, self._semantic)

    @cached_property
    def _turns(self) -> np.ndarray:
        return shuffled_turns(len(self._loaded[1]), _SHUFFLE_SEED)

    @cached_property
    def _titles(self) -> dict[str, str]:
        shown = [part.display for part in (self._als, self._semantic) if part is not None]
        known = pl.concat(shown).drop_nulls("title")
        return dict(zip(known["id"], known["title"], strict=True))

    def of_user(self, row: int, n: int, *, filter_seen: bool) -> Picks:
        """For the user in this row of the ALS part."""
        return self._pick(self._loaded[0].histories.take(np.array([row])), n, filter_seen)

    def of_items(self, item_ids: Sequence[str], n: int) -> Picks:
        """For a stranger who took these items, oldest first; nothing known is no obstacle."""
        items = self._loaded[1]
        rows = items.rows(item_ids)
        history = Histories.of_items(rows, self._typical_confidence, len(items))
        return self._pick(history, n, filter_seen=True)

    @cached_property
    def _typical_confidence(self) -> float:
        confidences = self._loaded[0].histories.confidences
        return float(confidences[confidences > 0].mean())

    def _pick(self, history: Histories, n: int, filter_seen: bool) -> Picks:
        hybrid, items = self._loaded
        scores = hybrid.scores_of(history)
        values = scores[0].copy()
        seen = history.matrix(history.confidences) if filter_seen else None
        best = rank(scores, seen, self._turns, min(n, len(items)))[0]
        rows = best[best != NO_ITEM]
        why = reasons(hybrid, history, rows, self._title, self._als)
        return Picks(items.ids(rows), values[rows], why)

    def _title(self, row: int) -> str:
        key = str(self._loaded[1].ids([row])[0])
        return self._titles.get(key, key)
