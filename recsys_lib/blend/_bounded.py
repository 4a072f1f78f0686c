"""The best items of a blend, exactly, without a score of every item from any source.

Some sources, such as ALS and texts, have a score of their own for every item: an inner product of
a vector of the user and one of the item. A relative score is at most 1, so that with the weights
of a user there is a bound for the sum of every item. Items are looked at in the order of these
bounds until the list is full and the next bound is lower than its last score; only for the items
looked at are products computed. What the relative score 1 stands for, the highest product of an
item that the user does not have, is found by :class:`HighestProduct`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys_lib.blend import _bounded_kernels
from recsys_lib.blend._best import entries_of
from recsys_lib.blend._products import Products
from recsys_lib.blend._relative import RowScores, Scored, SparseScores, has_compact_form, score
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import POPULAR
from recsys_lib.ranking import NO_ITEM

if TYPE_CHECKING:
    from recsys_lib.blend.blend import Blend

_HEAD = 4096
"""Items of the highest bounds that are kept in order; if they are not enough, all are looked at."""
_KEPT_BOUNDS = 128  # some 400 kB each for 100,000 items
_MARGIN = np.float32(1 + 1e-5)  # over the rounding of sums of float32

_Bounds = tuple[np.ndarray, np.ndarray]
"""Of every item, float32, and the items of the highest ones, int32, best first."""


@dataclass(frozen=True)
class _Other:
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
            relative = _relative(self.row, self.best[user])
        else:
            assert self.products is not None
            relative = self.products.scored
        a, b, a_trend, b_trend = self.weights[user]
        shares = (a + a_trend * trend) * relative + (b + b_trend * trend) * np.sqrt(relative)
        return np.asarray(shares)


@dataclass(frozen=True)
class BoundedBlend:
    """A blend, prepared for the lists of many users.

    Parameters
    ----------
    blend: whose lists.
    tie_order: of equal scores, int32, shape (items,).
    products: the sources with a score of their own for every item.
    """

    blend: Blend
    tie_order: np.ndarray
    products: Mapping[str, Products]
    _known: dict[bytes, _Bounds] = field(default_factory=dict, repr=False)

    @classmethod
    def from_blend(cls, blend: Blend, tie_order: np.ndarray) -> BoundedBlend | None:
        """Prepare; None where no source has a score for every item, or one without vectors."""
        products = {name: Products.from_source(blend.sources[name]) for name in blend.dense}
        there = {name: found for name, found in products.items() if found is not None}
        if not there or len(there) < len(products):
            return None
        sparse = [
            has_compact_form(blend.sources[n]) and blend.sources[n].personal for n in blend.used
        ]
        # Sums of floats depend on the order, and the sparse sources are added up first here.
        return cls(blend, tie_order, there) if sparse == sorted(sparse, reverse=True) else None

    def best(self, histories: Histories, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best items of each history and their scores, shape (users, k), without its own.

        The rest is -1 and -infinity where fewer than k are left. Several threads may ask at once.
        """
        needed = self.blend.needed.items()
        scored = {n: score(source, histories) for n, source in needed if n not in self.products}
        if any(isinstance(s, RowScores) and len(s.scores) > 1 for s in scored.values()):
            return self.blend.best(histories, k, self.tie_order)
        few = {n: s for n in self.blend.used if isinstance(s := scored.get(n), SparseScores)}
        others = [
            self._other(name, histories, scored.get(name))
            for name in self.blend.used
            if name not in few
        ]
        trend = self.blend.trend(scored, histories)
        popularity, weight = self.blend.last_resort(scored, histories)
        items = np.full((len(histories), k), NO_ITEM, dtype=np.int32)
        scores = np.full(items.shape, -np.inf, dtype=np.float32)
        arguments = (
            entries_of(histories, few, [self._weights(name, histories) for name in few]),
            _for_kernel(others, histories.n_items),
            (trend.scores[0], trend.best),
            (histories.indptr, histories.items),
            self.tie_order,
            (popularity.scores[0], popularity.best, weight),
        )
        last = _Other(_only(weight, len(histories)), popularity.best, popularity.scores[0])
        keys = np.hstack([trend.best[:, None], *(other.key() for other in (*others, last))])
        _, first, key = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        for number, user in enumerate(first):
            bounds = self._bounds(keys[user].tobytes(), (*others, last), trend, user)
            users = np.flatnonzero(key.reshape(-1) == number)
            _bounded_kernels.best_of_bounded(users, bounds, *arguments, scores, items)
        return items, scores

    def _other(self, name: str, histories: Histories, scored: Scored | None) -> _Other:
        weights = self._weights(name, histories)
        if isinstance(scored, RowScores):
            return _Other(weights, scored.best, scored.scores[0])
        products = self.products[name]
        vectors, best = products.asked(
            histories, np.flatnonzero(weights.any(axis=1) & (histories.lengths > 0))
        )
        weights[best <= 0] = 0  # no new item has a score
        best = np.where(best > 0, best, np.float32(1))
        return _Other(weights, best, products=products, vectors=vectors)

    def _weights(self, name: str, histories: Histories) -> np.ndarray:
        weights = self.blend.weights_of(name, histories)
        if POPULAR in self.blend.sources:  # as in Blend.total
            weights[histories.lengths == 0] = 0
        return weights

    def _bounds(
        self, key: bytes, others: tuple[_Other, ...], trend: RowScores, user: int
    ) -> _Bounds:
        found = self._known.get(key)
        if found is None:
            trends = _relative(trend.scores[0], trend.best[user])
            total = np.sum([other.most(user, trends) for other in others], axis=0) * _MARGIN
            head = np.argpartition(-total, min(_HEAD, len(total)) - 1)[:_HEAD]
            found = total, head[np.argsort(-total[head])].astype(np.int32)
            if len(self._known) >= _KEPT_BOUNDS:
                self._known.clear()
            self._known[key] = found
        return found


def _for_kernel(others: list[_Other], n_items: int) -> tuple[Any, ...]:
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


def _relative(row: np.ndarray, best: np.float32) -> np.ndarray:
    return np.clip(row / best, np.float32(0), np.float32(1))


def _only(weight: np.float32, n: int) -> np.ndarray:
    """Weights with which a source adds ``weight`` times its relative score."""
    weights = np.zeros((n, 4), dtype=np.float32)
    weights[:, 0] = weight
    return weights
