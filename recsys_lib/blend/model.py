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
from recsys_lib.blend._bounded import BoundedBlend, BoundedScores
from recsys_lib.blend._reasons import Reason, reasons
from recsys_lib.blend._standings import Standing, standings
from recsys_lib.blend.blend import Blend, UserScores
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.part import BlendPart
from recsys_lib.blend.sources import ServedParts, with_half_lives
from recsys_lib.ids import IdMap
from recsys_lib.ranking import NO_ITEM, shuffled_tie_order

if TYPE_CHECKING:
    from recsys_lib.search import ProductSearch

_SHUFFLE_SEED = 0
_MOST_BY_BOUNDS = 200
"""For longer lists so many items are looked at that a score of each is cheaper."""
Repeats = Literal["exclude", "allow", "only"]
"""Items of the own history: leave them out, let them compete, or rank nothing else."""


@dataclass(frozen=True)
class Ranking:
    """All items for one user, by the blend; items are rows of ``model.items``.

    Parameters
    ----------
    history: of the user.
    eligible: bool, shape (items,): which items may be in a list.
    by_bounds: ranks the same without a score of every item; None where that is not prepared, or
        where other items than those of the history are left out.
    """

    model: BlendModel
    history: Histories
    eligible: np.ndarray
    by_bounds: BoundedBlend | None = None

    @cached_property
    def scores(self) -> UserScores:
        """Of all items, with what each source says."""
        return self.model.blend.user_scores(self.history)

    def best(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Items and scores of the n best, best first."""
        if self.by_bounds is not None and n <= _MOST_BY_BOUNDS:
            (items,), (scores,) = self._asked.best(min(n, len(self.eligible)))
            found = items != NO_ITEM
            return items[found].astype(np.int64), scores[found]
        (total,), rows = self.scores.total, np.flatnonzero(self.eligible)
        if n < len(rows):  # sort only what can be in the list
            border = np.partition(total[rows], len(rows) - n)[len(rows) - n]
            rows = rows[total[rows] >= border]
        rows = rows[np.lexsort((self.model.tie_order[rows], -total[rows]))[:n]]
        return rows, total[rows]

    def reasons(self, rows: np.ndarray) -> list[Reason]:
        """Why each of these items is recommended."""
        given = self.scores if self.by_bounds is None else self._asked.shares(rows)
        return reasons(given, rows, self.model.title)

    @cached_property
    def _asked(self) -> BoundedScores:
        assert self.by_bounds is not None
        return self.by_bounds.ask(self.history)

    def standings(self, row: int) -> list[Standing]:
        """Where an item stands in each candidate source."""
        return standings(self.scores, row)


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
        return all_items(self.als, self.search)

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

    def for_user(
        self, row: int, repeats: Repeats = "exclude", allowed: np.ndarray | None = None
    ) -> Ranking:
        """Items for a user; ``repeats`` says what becomes of those of the history.

        With ``allowed``, bool, shape (items,), only its items can be in a list.
        """
        return self._ranking(self.histories.take(np.array([row])), repeats, allowed)

    def for_items(self, item_ids: Sequence[str], allowed: np.ndarray | None = None) -> Ranking:
        """Items for a stranger who took these items, oldest first, or none at all."""
        rows = self.items.rows(item_ids)
        history = Histories.from_items(rows, self.als.typical_confidence, len(self.items))
        return self._ranking(history, "exclude", allowed)

    def best(self, users: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions in ``items`` and scores, shape (users, n), best first, without seen items.

        Positions are -1 where no item is left.
        """
        return self._best(self.histories.take(users), n)

    def best_after(self, items: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """The same for strangers who took one of ``items`` (rows) each."""
        confidence = self.als.typical_confidence
        histories = Histories.of_one_item_each(items, confidence, len(self.items))
        return self._best(histories, n)

    def _best(self, histories: Histories, n: int) -> tuple[np.ndarray, np.ndarray]:
        n = min(n, len(self.items))
        if self._bounded is not None:
            return self._bounded.best(histories, n)
        return self.blend.best(histories, n, self.tie_order)

    def holds_every_score(self, users: np.ndarray) -> np.ndarray:
        """For which users :meth:`best` holds a score of every item in memory, bool (users,)."""
        if self._bounded is not None:
            return np.zeros(len(users), dtype=bool)
        return self.blend.scores_every_item(self.histories.take(users))

    def prepare(self) -> None:
        """Make lists cheaper from now on, which takes a second at 100,000 items.

        They stay the same but for the rounding of scores. Whoever asks for one list needs it not.
        """
        self.part.read_sources()
        _ = self._bounded is None or self._bounded.saves_work

    @cached_property
    def _bounded(self) -> BoundedBlend | None:
        return BoundedBlend.from_blend(self.blend, self.tie_order)

    def _ranking(self, history: Histories, repeats: Repeats, allowed: np.ndarray | None) -> Ranking:
        eligible = np.ones(len(self.items), dtype=bool) if allowed is None else allowed.copy()
        if repeats == "exclude":
            eligible[history.items] = False
        elif repeats == "only":
            own = np.zeros_like(eligible)
            own[history.items] = True
            eligible &= own
        bounded: BoundedBlend | None = self.__dict__.get("_bounded")
        plain = repeats == "exclude" and allowed is None
        if bounded is not None and not (plain and bounded.saves_work):
            bounded = None
        return Ranking(self, history, eligible, bounded)

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
    def tie_order(self) -> np.ndarray:
        """Of items with equal scores the one of lower number here comes first, shape (items,)."""
        return shuffled_tie_order(len(self.items), _SHUFFLE_SEED)


def all_items(als: AlsModel | None, search: ProductSearch | None) -> IdMap:
    """The items of ALS, then products without any interaction."""
    if als is None or search is None:
        return als.items if als is not None else search.items if search is not None else IdMap([])
    products = search.items
    rated = als.items.rows(list(products.ids()), missing="negative") >= 0
    return IdMap(pl.concat([als.items.series(), products.series().filter(~rated)]))
