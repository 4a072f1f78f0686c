"""Items like one item: by likes, by text, or as the blend recommends after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recsys_lib.als import AlsModel
from recsys_lib.search import ProductSearch

By = Literal["als", "text", "blend"]
ALS, SEMANTIC = "als", "semantic"


@dataclass(frozen=True)
class Neighbours:
    """Ids, scores and source of the nearest items, best first."""

    ids: np.ndarray
    scores: np.ndarray
    source: str


def by_likes(als: AlsModel | None, item_id: str, n: int) -> Neighbours | None:
    """Items that the same users like; None where nothing was learned about the item."""
    if als is None or item_id not in als.items:
        return None
    row = als.items.row(item_id)
    if not als.learned[row]:
        return None
    rows, scores = als.similar(row, n)
    return Neighbours(als.items.ids(rows), scores, ALS)


def by_text(search: ProductSearch | None, item_id: str, n: int) -> Neighbours | None:
    """Products of nearest text; None where the item has no text, or there is no index."""
    if search is None or item_id not in search.items:
        return None
    rows, scores = search.similar(search.items.row(item_id), n)
    return Neighbours(search.items.ids(rows), scores, SEMANTIC)
