"""Candidates to learn the blend from: the best items of each source, and what users took of them.

Learning from all items would need a score of every source for every user and item at once. Only
items near the top of some list can be recommended, so only those are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy import sparse

from recsys_lib.blend._features import Features
from recsys_lib.blend._product_scores import BestProducts
from recsys_lib.blend._relative import HistoryScorer
from recsys_lib.blend._scored import Scored, has_compact_form, score
from recsys_lib.blend.blend import shortness
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import RECENT, CandidateSource
from recsys_lib.ranking import (
    NO_ITEM,
    in_blocks,
    positions_within,
    shuffled_tie_order,
)

PER_SOURCE = 50
_TIE_SEED = 0
_COMPACT_SCORES = 8_000
"""Of a user, about, where no source has a score of every item."""


@dataclass(frozen=True)
class Candidates:
    """Rows of (user, item), in the order of the users.

    Parameters
    ----------
    names: the sources.
    user, item: int32, shape (rows,).
    relative: float32, shape (rows, sources): the relative score r of each source.
    trend: float32, shape (rows,): the relative score of recent popularity; 0 without it.
    shortness: float32, shape (rows,): 1 for users with a short history, towards 0 for long ones.
    chosen: bool, shape (rows,): whether the user took the item later.
    """

    names: tuple[str, ...]
    user: np.ndarray
    item: np.ndarray
    relative: np.ndarray
    trend: np.ndarray
    shortness: np.ndarray
    chosen: np.ndarray

    def of_users(self, users: np.ndarray) -> Candidates:
        """The rows of some of the users, bool mask over them."""
        rows = users[self.user]
        columns = (self.user, self.item, self.relative, self.trend, self.shortness, self.chosen)
        return Candidates(self.names, *(column[rows] for column in columns))

    def of_sources(self, names: tuple[str, ...]) -> Candidates:
        """The same rows with the scores of some sources; the trend stays what it was."""
        if names == self.names:
            return self
        columns = [self.names.index(name) for name in names]
        return replace(self, names=names, relative=self.relative[:, columns])

    def joined(self, other: Candidates, n_users: int) -> Candidates:
        """The rows of both; the users of ``other`` are numbered from ``n_users`` on."""
        later = replace(other, user=other.user + np.int32(n_users))
        columns = (f.name for f in fields(self) if f.name != "names")
        both: dict[str, Any] = {
            column: np.concatenate([getattr(self, column), getattr(later, column)])
            for column in columns
        }
        return replace(self, **both)

    def users_with_a_choice(self, n_users: int) -> np.ndarray:
        """Which users took one of their candidates, bool, shape (n_users,)."""
        return np.bincount(self.user, self.chosen, minlength=n_users) > 0

    def positions(self, scores: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Positions of the chosen candidates in their user's ranking, from 0; ties at random.

        ``scores`` has one for each row. Returns int64, one for each row that is chosen.
        """
        chosen = np.flatnonzero(self.chosen)
        user = self.user[chosen]
        starts, stops = (np.searchsorted(self.user, user, side=s) for s in ("left", "right"))
        at_random = -generator.random(len(scores))
        return positions_within(scores, at_random, chosen, starts, stops)

    def features(self) -> Features:
        """What a blend has weights for: r and sqrt(r) of each source, times 1 - g, g and t."""
        base = np.stack((self.relative, np.sqrt(self.relative)), axis=2)
        factor = np.stack((1 - self.shortness, self.shortness, self.trend), axis=1)
        return Features(base.reshape(len(base), -1), factor.astype(np.float32))

    def scores(self, coefficients: np.ndarray) -> np.ndarray:
        """Scores by coefficients of ``BlendWeights``, (sources, TERMS): float32, shape (rows,)."""
        return self.features().times(as_weights(coefficients))


def as_weights(coefficients: np.ndarray) -> np.ndarray:
    """The coefficients of ``BlendWeights``, shape (sources, TERMS), as weights of the features."""
    return coefficients.reshape(len(coefficients), -1, 2).transpose(0, 2, 1).ravel()


def as_coefficients(weights: np.ndarray, n_sources: int) -> np.ndarray:
    """The weights of the features as the coefficients of ``BlendWeights``, (sources, TERMS)."""
    return weights.reshape(n_sources, 2, -1).transpose(0, 2, 1).reshape(n_sources, -1)


def gather_candidates(
    sources: Mapping[str, HistoryScorer],
    histories: Histories,
    relevant: sparse.csr_matrix,
    shortest: int = 1,
    prepared: Mapping[str, BestProducts] | None = None,
) -> Candidates:
    """The ``PER_SOURCE`` best items of each source that are not in the history.

    ``relevant`` has the shape (users, items): what each user took later. ``shortest`` is that of
    the weights that the candidates are for. ``prepared`` are :func:`prepared_sources`, by default
    made here.
    """
    if prepared is None:
        prepared = prepared_sources(sources)
    # Not by number: ids may carry information, and models are compared with a shuffle, too.
    tie_order = shuffled_tie_order(histories.n_items, _TIE_SEED)

    def block(users: np.ndarray) -> tuple[np.ndarray, ...]:
        return _block(sources, prepared, histories, relevant, users, shortest, tie_order)

    is_compact = all(n in prepared or has_compact_form(source) for n, source in sources.items())
    numbers = _COMPACT_SCORES if is_compact else histories.n_items
    blocks = in_blocks(block, np.arange(len(histories)), numbers)
    columns = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return Candidates(tuple(sources), *columns)


def prepared_sources(sources: Mapping[str, HistoryScorer]) -> dict[str, BestProducts]:
    """Those of the sources of which candidates are found without a score of every item."""
    return BestProducts.of_sources(sources.values(), PER_SOURCE)


def _block(
    sources: Mapping[str, HistoryScorer],
    prepared: Mapping[str, BestProducts],
    histories: Histories,
    relevant: sparse.csr_matrix,
    users: np.ndarray,
    shortest: int,
    tie_order: np.ndarray,
) -> tuple[np.ndarray, ...]:
    block = histories.take(users)

    def ask(name: str, source: HistoryScorer) -> Scored:
        if name in prepared and isinstance(source, CandidateSource):
            return prepared[name].scores(source, block, PER_SOURCE, tie_order)
        return score(source, block)

    scored = [ask(name, source) for name, source in sources.items()]
    wanted = [
        _cells_of(scores.top_relative(PER_SOURCE, tie_order, block), block) for scores in scored
    ]
    row, item = np.divmod(np.unique(np.concatenate(wanted)), histories.n_items)
    chosen = np.isin(row * histories.n_items + item, _cells(relevant[users]))
    relative = np.column_stack([scores.at(row, item) for scores in scored])
    trend = relative[:, list(sources).index(RECENT)] if RECENT in sources else np.zeros(len(row))
    short = shortness(block.lengths, shortest)[row].astype(np.float32)
    return (
        users[row].astype(np.int32),
        item.astype(np.int32),
        relative,
        trend.astype(np.float32),
        short,
        chosen,
    )


def _cells_of(items: np.ndarray, block: Histories) -> np.ndarray:
    """Cell numbers of ``items``, shape (users, k)."""
    row, place = np.nonzero(items != NO_ITEM)
    return row * block.n_items + items[row, place]


def _cells(matrix: sparse.csr_matrix) -> np.ndarray:
    """Cell numbers of the entries, row by row."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return row * matrix.shape[1] + matrix.indices
