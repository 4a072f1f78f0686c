"""Which source an item comes from, and which item of the history speaks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recsys_lib.als import AlsModel
from recsys_lib.blend.blend import Blend
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.learning import BLEND
from recsys_lib.blend.sources import (
    ALS,
    POPULAR,
    RECENT,
    TEXT,
    FoldedAls,
    Neighbours,
    TextNeighbours,
)

_MOST = 0.5
_PUBLIC = {ALS: "als", TEXT: "semantic", POPULAR: "popular", RECENT: "popular"}


@dataclass(frozen=True)
class Reason:
    """Why an item is recommended.

    Parameters
    ----------
    source: als, semantic or popular when most of the score comes from there, else blend.
    text: a sentence for people.
    """

    source: str
    text: str


def reasons(
    hybrid: Blend,
    history: Histories,
    items: np.ndarray,
    title: Callable[[int], str],
    als: AlsModel,
) -> list[Reason]:
    """A reason for each of ``items``, recommended for one person's history."""
    shares = hybrid.shares(history, items)
    names, table = list(shares), np.column_stack(list(shares.values()))
    return [
        _reason(hybrid, history, int(item), names, row, title, als)
        for item, row in zip(items, table, strict=True)
    ]


def _reason(
    hybrid: Blend,
    history: Histories,
    item: int,
    names: Sequence[str],
    shares: np.ndarray,
    title: Callable[[int], str],
    als: AlsModel,
) -> Reason:
    positive = np.maximum(shares, 0)
    main = names[int(np.argmax(positive))]
    source = _PUBLIC.get(main, BLEND) if positive.max() > _MOST * positive.sum() else BLEND
    because = _speaking_for(hybrid, history, item, main, als)
    if because is None:
        return Reason(source, "popular lately" if main == RECENT else "popular")
    if main == TEXT:
        return Reason(source, f"similar to {title(because)}")
    return Reason(source, f"because you bought {title(because)}")


def _speaking_for(
    hybrid: Blend, history: Histories, item: int, name: str, als: AlsModel
) -> int | None:
    """The item of the history that adds most to the score of ``item``; None when none does."""
    source = hybrid.sources[name]
    if not len(history.items):
        return None
    if isinstance(source, FoldedAls):
        rated = history.items < len(als.items)
        confidence = source.confidence(history)[:, : len(als.items)]
        if not rated.any() or item >= len(als.items):
            return None
        _, contributions, _ = als.model.explain(0, confidence, item, N=1)
        return int(contributions[0][0])
    if isinstance(source, Neighbours | TextNeighbours):
        parts = source.parts(history, item)
        return int(history.items[np.argmax(parts)]) if parts.max() > 0 else None
    return None
