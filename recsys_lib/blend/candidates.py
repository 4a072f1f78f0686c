"""Candidates to learn the blend from: the best items of each source, and what was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.blend.blend import TERMS, inverse, relative_scores, terms
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import RECENT, CandidateSource
from recsys_lib.ranking.kernels import places
from recsys_lib.ranking.top_k import NO_ITEM, best_items, in_blocks

PER_SOURCE = 100
_ROWS = 100_000


@dataclass(frozen=True)
class Candidates:
    """Rows of (person, item), in the order of the people.

    Parameters
    ----------
    names: the sources.
    person, item: int32, shape (rows,).
    relative: float32, shape (rows, sources): the comparable score r of each source.
    shortness: float32, shape (rows,): 1 / length of the person's history.
    chosen: bool, shape (rows,): whether the person took the item later.
    """

    names: tuple[str, ...]
    person: np.ndarray
    item: np.ndarray
    relative: np.ndarray
    shortness: np.ndarray
    chosen: np.ndarray

    def of_users(self, people: np.ndarray) -> Candidates:
        """The rows of some of the people, bool mask over them."""
        rows = people[self.person]
        parts = (self.person, self.item, self.relative, self.shortness, self.chosen)
        return Candidates(self.names, *(part[rows] for part in parts))

    def places(self, scores: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Places of the chosen candidates among their person's, the best is 0; ties by chance.

        ``scores`` has one for each row. Returns int64, one for each row that is chosen.
        """
        chosen = np.flatnonzero(self.chosen)
        person = self.person[chosen]
        starts, stops = (np.searchsorted(self.person, person, side=s) for s in ("left", "right"))
        return places(scores, generator.random(len(scores)), chosen, starts, stops)

    def features(self) -> np.ndarray:
        """What a blend has weights for: float32, shape (rows, sources * TERMS).

        For each source r and sqrt(r), both divided by the length, and both times the trend.
        """
        features = np.empty((len(self.item), len(self.names) * TERMS), dtype=np.float32)
        for rows in self._blocks():
            features[rows] = self._features(rows)
        return features

    def scores(self, weights: np.ndarray) -> np.ndarray:
        """Scores by weights of the features, float32, shape (rows,)."""
        scores = np.empty(len(self.item), dtype=np.float32)
        for rows in self._blocks():
            scores[rows] = self._features(rows) @ weights
        return scores

    def _blocks(self) -> list[slice]:
        """Features take up much more room than what they are made of."""
        return [slice(start, start + _ROWS) for start in range(0, len(self.item), _ROWS)]

    def _features(self, rows: slice) -> np.ndarray:
        relative, short = self.relative[rows], self.shortness[rows, None, None]
        trend = relative[:, self.names.index(RECENT), None] if RECENT in self.names else 0
        by_trend = terms(relative, np.broadcast_to(np.float32(trend), relative.shape))
        own, times_trend = by_trend[..., :2], by_trend[..., 2:]
        return np.concatenate((own, own * short, times_trend), axis=2).reshape(len(relative), -1)


def gather_candidates(
    sources: Mapping[str, CandidateSource], histories: Histories, relevant: sparse.csr_matrix
) -> Candidates:
    """The ``PER_SOURCE`` best items of each source that are not in the history.

    ``relevant`` has the shape (people, items): what each person took later.
    """

    def block(people: np.ndarray) -> tuple[np.ndarray, ...]:
        return _block(sources, histories, relevant, people)

    blocks = in_blocks(block, np.arange(len(histories)), histories.n_items)
    return Candidates(tuple(sources), *(np.concatenate(part) for part in zip(*blocks, strict=True)))


def _block(
    sources: Mapping[str, CandidateSource],
    histories: Histories,
    relevant: sparse.csr_matrix,
    people: np.ndarray,
) -> tuple[np.ndarray, ...]:
    block = histories.take(people)
    scores = [relative_scores(source, block) for source in sources.values()]
    wanted = [_best_cells(relative, block) for relative in scores]
    row, item = np.divmod(np.unique(np.concatenate(wanted)), histories.n_items)
    chosen = np.isin(row * histories.n_items + item, _cells(relevant[people]))
    relative = np.column_stack([source[row, item] for source in scores])
    shortness = inverse(block.lengths)[row].astype(np.float32)
    return people[row].astype(np.int32), item.astype(np.int32), relative, shortness, chosen


def _best_cells(relative: np.ndarray, block: Histories) -> np.ndarray:
    """Numbers of the cells of the best items above 0 of each person, without those of the history.

    What is in the history gets the score 0 on the way.
    """
    relative[block.person, block.items] = 0
    by_number = np.arange(block.n_items, dtype=np.int32)
    items = best_items(relative, PER_SOURCE, by_number, above=0)
    row, place = np.nonzero(items != NO_ITEM)
    return row * block.n_items + items[row, place]


def _cells(matrix: sparse.csr_matrix) -> np.ndarray:
    """Numbers of the cells that hold something, row by row."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return row * matrix.shape[1] + matrix.indices
