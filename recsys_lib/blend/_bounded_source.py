"""What a source says of all items to some users, and what it adds to their scores at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_lib.blend._products import Products


@dataclass(frozen=True)
class BoundedSource:
    """What a source says of all items, for some users: one row for all, or inner products.

    Parameters
    ----------
    weights: float32, shape (users, 4).
    best: float32, shape (users,): what the relative score 1 stands for.
    row: float32, shape (items,); None for products.
    products, vectors: the source and the vectors of the users; None for a row.
    """

    weights: np.ndarray
    best: np.ndarray
    row: np.ndarray | None = None
    products: Products | None = None
    vectors: np.ndarray | None = None

    def key(self) -> np.ndarray:
        """Users who have the same here have the same bounds; shape (users, columns)."""
        return self.weights if self.row is None else np.column_stack((self.weights, self.best))

    def most(self, user: int, trend: np.ndarray) -> np.ndarray:
        """What the source adds to the score of each item at most, float32, shape (items,)."""
        if self.row is not None:
            relative = relative_to(self.row, self.best[user])
        else:
            assert self.products is not None
            relative = self.products.scored
        a, b, a_trend, b_trend = self.weights[user]
        shares = (a + a_trend * trend) * relative + (b + b_trend * trend) * np.sqrt(relative)
        return np.asarray(shares)


def for_kernel(others: Sequence[BoundedSource], n_items: int) -> tuple[Any, ...]:
    """The sources as :func:`best_of_bounded` takes them: where each is, and what it says."""
    place: list[int] = []
    rows: list[np.ndarray] = []
    of_users: list[np.ndarray | None] = []
    of_items: list[np.ndarray] = []
    for other in others:
        if other.row is not None:
            place.append(len(rows))
            rows.append(other.row)
        elif other.products is not None:
            place.append(-1 - len(of_users))
            of_users.append(other.vectors)
            of_items.append(other.products.vectors)
    return (
        np.array(place),
        np.array(rows, dtype=np.float32).reshape(-1, n_items),
        tuple(of_users),
        tuple(of_items),
        np.array([other.best for other in others], dtype=np.float32),
        np.array([other.weights for other in others], dtype=np.float32),
    )


def relative_to(row: np.ndarray, best: np.float32) -> np.ndarray:
    """Scores of one user as shares of the ``best``, between 0 and 1."""
    return np.clip(row / best, np.float32(0), np.float32(1))


def only_relative(weight: np.float32, n: int) -> np.ndarray:
    """Weights with which a source adds ``weight`` times its relative score."""
    weights = np.zeros((n, 4), dtype=np.float32)
    weights[:, 0] = weight
    return weights
