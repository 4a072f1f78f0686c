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
from functools import cached_property

import numpy as np

from recsys_lib.blend import _bounded_kernels
from recsys_lib.blend._best import entries_of
from recsys_lib.blend._bounded_source import (
    BoundedSource,
    for_kernel,
    only_relative,
    relative_to,
)
from recsys_lib.blend._products import Products
from recsys_lib.blend._relative import RowScores, SparseScores
from recsys_lib.blend._scored import Scored, has_compact_form, score
from recsys_lib.blend.blend import Blend, UserShares
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import POPULAR
from recsys_lib.ranking import NO_ITEM

_HEAD = 4096
"""Items of the highest bounds that are kept in order; if they are not enough, all are looked at."""
_KEPT_BOUNDS = 128  # some 400 kB each for 100,000 items
_FEWEST_ITEMS = 4096  # below that it matters little
_TRIED, _TRIED_LENGTH = 32, 20
"""Users, and the length of their lists, by whom it is seen what the bounds save."""
_FULL_PRODUCT = 16
"""A product alone takes about so many times its part of a matrix product."""
_EVERY_SCORE = 1 << 24  # held at once, of a source
_MARGIN = np.float32(1 + 1e-5)  # over the rounding of sums of float32

_Bounds = tuple[np.ndarray, np.ndarray]
"""Of every item, float32, and the items of the highest ones, int32, best first."""


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
        if not self.saves_work:
            return self._by_every_score(histories, k)
        asked = self.ask(histories)
        if asked.have_rows_of_users:
            return self.blend.best(histories, k, self.tie_order)
        return asked.best(k)

    @cached_property
    def saves_work(self) -> bool:
        """Whether bounds leave few products to be computed, by some users of the blend.

        They do not where a source weighs much whose scores of most items are close: then the
        products of all items at once take less time.
        """
        histories = self.blend.histories
        if histories.n_items < _FEWEST_ITEMS or not len(histories):
            return True
        some = histories.take(np.linspace(0, len(histories) - 1, _TRIED, dtype=np.int64))
        some = some.take(np.flatnonzero(some.lengths))
        if not len(some):
            return True
        asked = self.ask(some)
        if asked.have_rows_of_users:
            return True
        computed = asked.counted(min(_TRIED_LENGTH, histories.n_items))
        every = len(some) * histories.n_items * len(self.products)
        return computed * _FULL_PRODUCT < every

    def _by_every_score(self, histories: Histories, k: int) -> tuple[np.ndarray, np.ndarray]:
        size = max(1, _EVERY_SCORE // histories.n_items)
        parts = [
            np.arange(n, min(n + size, len(histories))) for n in range(0, len(histories), size)
        ]
        found = [self.blend.best(histories.take(rows), k, self.tie_order) for rows in parts]
        items, scores = zip(*found, strict=True)
        return np.concatenate(items), np.concatenate(scores)

    def ask(self, histories: Histories) -> BoundedScores:
        """What the sources say to some users: of all items, or by products still to be computed."""
        needed = self.blend.needed.items()
        scored = {n: score(source, histories) for n, source in needed if n not in self.products}
        few = {n for n in self.blend.used if isinstance(scored.get(n), SparseScores)}
        others = {
            name: self._other(name, histories, scored.get(name))
            for name in dict.fromkeys((*self.blend.used, *self.products))
            if name not in few
        }
        return BoundedScores(self, histories, scored, others)

    def _other(self, name: str, histories: Histories, scored: Scored | None) -> BoundedSource:
        weights = self.weights(name, histories)
        if isinstance(scored, RowScores):
            return BoundedSource(weights, scored.best, scored.scores[0])
        products = self.products[name]
        vectors, best = products.asked(
            histories, np.flatnonzero(weights.any(axis=1) & (histories.lengths > 0))
        )
        weights[best <= 0] = 0  # no new item has a score
        best = np.where(best > 0, best, np.float32(1))
        return BoundedSource(weights, best, products=products, vectors=vectors)

    def weights(self, name: str, histories: Histories) -> np.ndarray:
        """Of a source for each user, float32, shape (users, 4)."""
        weights = self.blend.weights_of(name, histories)
        if POPULAR in self.blend.sources:  # as in Blend.total
            weights[histories.lengths == 0] = 0
        return weights

    def bounds(
        self, key: bytes, others: tuple[BoundedSource, ...], trend: RowScores, user: int
    ) -> _Bounds:
        """Of the score of every item, for users with the same ``key``."""
        found = self._known.get(key)
        if found is None:
            trends = relative_to(trend.scores[0], trend.best[user])
            total = np.sum([other.most(user, trends) for other in others], axis=0) * _MARGIN
            head = np.argpartition(-total, min(_HEAD, len(total)) - 1)[:_HEAD]
            found = total, head[np.argsort(-total[head])].astype(np.int32)
            if len(self._known) >= _KEPT_BOUNDS:
                self._known.clear()
            self._known[key] = found
        return found


@dataclass(frozen=True)
class BoundedScores:
    """What the sources of a blend say to some users.

    Parameters
    ----------
    bounded: the blend.
    histories: of the users.
    scored: what those sources say that have no products.
    others: those that speak of all items.
    """

    bounded: BoundedBlend
    histories: Histories
    scored: Mapping[str, Scored]
    others: Mapping[str, BoundedSource]

    @property
    def have_rows_of_users(self) -> bool:
        """Whether a source without products has a score of every item for each user."""
        return any(isinstance(s, RowScores) and len(s.scores) > 1 for s in self.scored.values())

    def best(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`BoundedBlend.best`; each source has one row for all users, or few items."""
        items, scores, _ = self._best(k)
        return items, scores

    def counted(self, k: int) -> int:
        """The number of products that the lists of all users take."""
        return self._best(k)[2]

    def _best(self, k: int) -> tuple[np.ndarray, np.ndarray, int]:
        blend, histories, scored = self.bounded.blend, self.histories, self.scored
        few = {n: s for n in blend.used if isinstance(s := scored.get(n), SparseScores)}
        others = [self.others[name] for name in blend.used if name not in few]
        trend = blend.trend(scored, histories)
        popularity, weight = blend.last_resort(scored, histories)
        items = np.full((len(histories), k), NO_ITEM, dtype=np.int32)
        scores = np.full(items.shape, -np.inf, dtype=np.float32)
        arguments = (
            entries_of(histories, few, [self.bounded.weights(n, histories) for n in few]),
            for_kernel(others, histories.n_items),
            (trend.scores[0], trend.best),
            (histories.indptr, histories.items),
            self.bounded.tie_order,
            (popularity.scores[0], popularity.best, weight),
        )
        last = BoundedSource(
            only_relative(weight, len(histories)), popularity.best, popularity.scores[0]
        )
        keys = np.hstack([trend.best[:, None], *(other.key() for other in (*others, last))])
        _, first, key = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        computed = 0
        for number, user in enumerate(first):
            bounds = self.bounded.bounds(keys[user].tobytes(), (*others, last), trend, user)
            users = np.flatnonzero(key.reshape(-1) == number)
            computed += _bounded_kernels.best_of_bounded(users, bounds, *arguments, scores, items)
        return items, scores, computed

    def shares(self, items: np.ndarray) -> UserShares:
        """What the sources say of ``items`` to the only user; they say 0 of all others."""
        relative = {name: scored.relative()[0] for name, scored in self.scored.items()}
        for name in self.bounded.products:
            other = self.others[name]
            assert other.products is not None and other.vectors is not None
            products = other.products.vectors[items] @ other.vectors[0]
            relative[name] = np.zeros(self.histories.n_items, dtype=np.float32)
            relative[name][items] = relative_to(products, other.best[0])
        return UserShares(self.bounded.blend, self.histories, relative)
