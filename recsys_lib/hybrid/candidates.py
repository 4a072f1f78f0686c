"""Candidates to learn the blend from: the best items of each source, and what was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.evaluation.ranking import in_blocks
from recsys_lib.hybrid.blend import TERMS, inverse, relative_scores
from recsys_lib.hybrid.histories import Histories
from recsys_lib.hybrid.sources import Source

PER_SOURCE = 100


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

    def of_people(self, people: np.ndarray) -> Candidates:
        """The rows of some of the people, bool mask over them."""
        rows = people[self.person]
        parts = (self.person, self.item, self.relative, self.shortness, self.chosen)
        return Candidates(self.names, *(part[rows] for part in parts))

    def features(self) -> np.ndarray:
        """r, sqrt(r), and both divided by the length: float32, shape (rows, sources * 4)."""
        root = np.sqrt(self.relative)
        short = self.shortness[:, None]
        terms = (self.relative, root, self.relative * short, root * short)
        return np.stack(terms, axis=2).reshape(len(self.item), len(self.names) * TERMS)


def gather_candidates(
    sources: Mapping[str, Source], histories: Histories, relevant: sparse.csr_matrix
) -> Candidates:
    """The ``PER_SOURCE`` best items of each source that are not in the history.

    ``relevant`` has the shape (people, items): what each person took later.
    """

    def block(people: np.ndarray) -> tuple[np.ndarray, ...]:
        return _block(sources, histories, relevant, people)

    blocks = in_blocks(block, np.arange(len(histories)), histories.n_items)
    return Candidates(tuple(sources), *(np.concatenate(part) for part in zip(*blocks, strict=True)))


def _block(
    sources: Mapping[str, Source],
    histories: Histories,
    relevant: sparse.csr_matrix,
    people: np.ndarray,
) -> tuple[np.ndarray, ...]:
    block = histories.take(people)
    scores = [relative_scores(source, block) for source in sources.values()]
    wanted = np.zeros((len(people), histories.n_items), dtype=bool)
    n = min(PER_SOURCE, histories.n_items)
    for relative in scores:
        relative[block.person, block.items] = 0
        best = np.argpartition(-relative, n - 1, axis=1)[:, :n]
        found = np.take_along_axis(relative, best, axis=1) > 0
        np.put_along_axis(wanted, best, found | np.take_along_axis(wanted, best, axis=1), axis=1)
    wanted[block.person, block.items] = False
    row, item = np.nonzero(wanted)
    chosen = relevant[people].toarray()[row, item] > 0
    relative = np.column_stack([source[row, item] for source in scores])
    shortness = inverse(block.lengths)[row].astype(np.float32)
    return people[row].astype(np.int32), item.astype(np.int32), relative, shortness, chosen
