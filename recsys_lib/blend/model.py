"""The blend that is served: recommendations for users, each with its source and a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel
from recsys_lib.blend._reasons import Reason, reasons
from recsys_lib.blend.blend import Blend
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.part import BlendPart
from recsys_lib.blend.sources import ServedParts, with_half_lives
from recsys_lib.ids import IdMap
from recsys_lib.ranking import NO_ITEM, rank_scores, shuffled_tie_order

if TYPE_CHECKING:
    from recsys_lib.search import ProductSearch

_SHUFFLE_SEED = 0
Repeats = Literal["exclude", "allow", "only"]
"""Items of the own history: leave them out, let them compete, or rank nothing else."""


@dataclass(frozen=True)
class Picks:
    """Items for one user, best first: ids, scores and reasons."""

    ids: np.ndarray
    scores: np.ndarray
    reasons: list[Reason]


@dataclass(frozen=True)
class BlendModel:
    """The blend part of a version beside its other parts; users are rows of the ALS part.

    All files are open from the start. What is computed from them waits for the first user.
    """

    part: BlendPart
    als: AlsModel
    search: ProductSearch | None

    @classmethod
    def load(cls, folder: Path, als: AlsModel, search: ProductSearch | None) -> BlendModel:
        """Open the part in ``folder``; ArtifactError when it is damaged or does not fit ``als``."""
        return cls(BlendPart.load(folder, als.items), als, search)

    @cached_property
    def items(self) -> IdMap:
        """What is recommended: the items of ALS, then products without any interaction."""
        if self.search is None:
            return self.als.items
        products = self.search.items
        rated = self.als.items.rows(list(products.ids()), missing="negative") >= 0
        return IdMap(pl.concat([self.als.items.series(), products.series().filter(~rated)]))

    @cached_property
    def blend(self) -> Blend:
        """Sources, weights and histories."""
        sources = self.part.sources(ServedParts(self.als, self.search, self.items))
        weights = self.part.weights
        histories = self.part.histories(len(self.items))
        return Blend(with_half_lives(sources, weights.half_lives), weights, histories)

    @property
    def histories(self) -> Histories:
        """Histories of the users."""
        return self.blend.histories

    def recommend(self, row: int, n: int, repeats: Repeats = "exclude") -> Picks:
        """The n best items for a user; ``repeats`` says what becomes of those of the history."""
        return self._pick(self.histories.take(np.array([row])), n, repeats)

    def recommend_for_items(self, item_ids: Sequence[str], n: int) -> Picks:
        """The n best items for a stranger who took these items, oldest first, or none at all."""
        rows = self.items.rows(item_ids)
        history = Histories.from_items(rows, self._typical_confidence, len(self.items))
        return self._pick(history, n, "exclude")

    def best(self, users: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions in ``items`` and scores, shape (users, n), best first, without seen items.

        Positions are -1 where no item is left.
        """
        histories = self.histories.take(users)
        return self._best(self.blend.scores_of(histories), histories, n, "exclude")

    def _best(
        self, scores: np.ndarray, histories: Histories, n: int, repeats: Repeats
    ) -> tuple[np.ndarray, np.ndarray]:
        own = histories.matrix(histories.confidences)
        if repeats == "only":
            cells = (histories.user, histories.items)
            of_own = scores[cells]
            scores[:] = -np.inf
            scores[cells] = of_own
        seen = own if repeats == "exclude" else None
        best = rank_scores(scores, seen, self._tie_order, min(n, len(self.items)))
        return best, np.take_along_axis(scores, np.maximum(best, 0), axis=1)

    def _pick(self, history: Histories, n: int, repeats: Repeats) -> Picks:
        scores = self.blend.user_scores(history)
        found, values = self._best(scores.total, history, n, repeats)
        kept = found[0] != NO_ITEM
        rows = found[0][kept]
        return Picks(self.items.ids(rows), values[0][kept], reasons(scores, rows, self.title))

    def title(self, row: int) -> str:
        """Title of an item, or its id where none is known."""
        key = str(self.items.ids([row])[0])
        for part in (self.search, self.als):
            if part is not None and key in part.items:
                title = part.display["title"][part.items.row(key)]
                if title is not None:
                    return str(title)
        return key

    @cached_property
    def _tie_order(self) -> np.ndarray:
        return shuffled_tie_order(len(self.items), _SHUFFLE_SEED)

    @cached_property
    def _typical_confidence(self) -> float:
        confidences = self.histories.confidences
        return float(confidences[confidences > 0].mean())
