"""Variety in a list: items unlike those before, by category or, without categories, by text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from recsys_lib.serving._items import AllItems


class Alike(Protocol):
    """How like the items of a list so far others are."""

    def add(self, item: int) -> np.ndarray:
        """Likeness of each item, 0 to 1, after this one has joined the list; shape (items,)."""


def alike(items: AllItems, rows: np.ndarray) -> Alike:
    """By categories where the items have several, else by texts.

    With categories a list gets more of them for the same loss of quality than with texts; texts
    also tell items apart where all are of one category, or of none.
    """
    kinds = items.kinds[rows]
    if len(np.unique(kinds)) > 1:
        return ByKind(kinds)
    return ByText(items.vectors(rows))


@dataclass
class ByKind:
    """1 - 2^-c for an item of a category that the list has c items of.

    ``kinds``: number of the category of each item, shape (items,).
    """

    kinds: np.ndarray
    likeness: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.likeness = np.zeros(len(self.kinds))

    def add(self, item: int) -> np.ndarray:
        """Every further item of a category halves what is left to 1."""
        same = self.kinds == self.kinds[item]
        self.likeness[same] = (1 + self.likeness[same]) / 2
        return self.likeness


@dataclass
class ByText:
    """The largest cosine with an item of the list; for items without a vector, the mean of others.

    ``vectors``: float32, shape (items, dimension), of length 1, or 0 where there is none.
    """

    vectors: np.ndarray
    likeness: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.likeness = np.zeros(len(self.vectors))

    def add(self, item: int) -> np.ndarray:
        """One product with all vectors."""
        self.likeness = np.maximum(self.likeness, self.vectors @ self.vectors[item])
        known = self.vectors.any(axis=1)
        if known.any():
            self.likeness[~known] = self.likeness[known].mean()
        return self.likeness


def varied(scores: np.ndarray, diversity: float, n: int, like: Alike) -> np.ndarray:
    """The first n of some items by maximal marginal relevance.

    The next item is the one with the highest (1 - diversity) * relevance - diversity * likeness,
    where relevance is the score, scaled to [0, 1]. The best item comes first. Reference: Carbonell,
    Goldstein, "The use of MMR, diversity-based reranking" (1998).

    Parameters
    ----------
    scores: shape (items,), best first.

    Returns
    -------
    Positions, int64, shape (n,), or fewer where there are fewer items.
    """
    size = len(scores)
    spread = float(scores[0] - scores[-1]) if size else 0.0
    relevance = (scores - scores[-1]) / spread if spread > 0 else np.ones(size)
    order = [0] if size and n else []
    while len(order) < min(n, size):
        value = (1 - diversity) * relevance - diversity * like.add(order[-1])
        value[order] = -np.inf
        order.append(int(np.argmax(value)))
    return np.array(order, dtype=np.int64)
