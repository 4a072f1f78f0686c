"""Lists of a blend and of single sources for many users, each source asked once for all of them.

Users with the same history have the same lists. Users come in blocks whose scores stay in the
processor's cache, and of all scores only the best items are kept.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recsys_lib.blend._bounded import BoundedBlend
from recsys_lib.blend._product_scores import BestProducts
from recsys_lib.blend._scored import Scored, has_compact_form, score
from recsys_lib.blend.blend import Blend
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import CandidateSource
from recsys_lib.ranking import in_blocks, shuffled_tie_order

_COMPACT_SCORES = 8_000
"""Of a user, about, where no source has a score of every item."""


def rank_together(
    blends: Mapping[str, Blend],
    alone: Mapping[str, CandidateSource],
    histories: Histories,
    k: int,
    *,
    seed: int,
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Lists of each blend and of each source ``alone``, without the items of the histories.

    Parameters
    ----------
    blends
        Blends by the name of their lists.
    alone
        Sources by the name of their lists. Sources that a blend uses are asked once for both.
    histories
        Of the users.
    k
        Length of the lists.
    seed
        Of the order of equal scores.

    Returns
    -------
    For each name int32 of shape (users, k), best first, -1 where no item is left; and the seconds
    that each took, all threads together.
    """
    group, first = histories.distinct()
    asked = _Asked.prepare(blends, alone, k, shuffled_tie_order(histories.n_items, seed))
    blocks = in_blocks(
        lambda users: asked.rank(histories.take(users)), first, asked.numbers(histories)
    )
    seconds: Counter[str] = Counter()
    for _, spent in blocks:
        seconds.update(spent)
    names = blocks[0][0] if blocks else {}
    lists = {name: np.concatenate([block[name] for block, _ in blocks])[group] for name in names}
    return lists, dict(seconds)


@dataclass(frozen=True)
class _Asked:
    """Blends and sources, prepared for lists of ``k``.

    ``best`` are the sources whose lists need no score of every item; ``bounded`` such blends.
    """

    blends: Mapping[str, Blend]
    alone: Mapping[str, CandidateSource]
    k: int
    tie_order: np.ndarray
    best: Mapping[str, BestProducts]
    bounded: Mapping[str, BoundedBlend]

    @classmethod
    def prepare(
        cls,
        blends: Mapping[str, Blend],
        alone: Mapping[str, CandidateSource],
        k: int,
        tie_order: np.ndarray,
    ) -> _Asked:
        best = BestProducts.of_sources(alone.values(), k)
        bounded = {
            name: found
            for name, blend in blends.items()
            if {*blend.dense} <= {*best}
            and (found := BoundedBlend.from_blend(blend, tie_order)) is not None
        }
        return cls(blends, alone, k, tie_order, best, bounded)

    def numbers(self, histories: Histories) -> int:
        """About how many are held for a user."""
        sources = [*self.alone.values()]
        for name, blend in self.blends.items():
            if name not in self.bounded:
                sources += blend.needed.values()
        few = all(source.name in self.best or has_compact_form(source) for source in sources)
        return min(_COMPACT_SCORES, histories.n_items) if few else histories.n_items

    def rank(self, block: Histories) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Lists and seconds by name."""
        lists, seconds = {}, {}
        asked: dict[tuple[str, float], Scored] = {}

        def ask(source: CandidateSource) -> Scored:
            key = (source.name, source.half_life)
            if key not in asked:
                asked[key] = self._scores(source, block)
            return asked[key]

        for name, source in self.alone.items():
            started = time.perf_counter()
            lists[name], _ = ask(source).top(self.k, self.tie_order, block)
            seconds[name] = time.perf_counter() - started
        for name, blend in self.blends.items():
            started = time.perf_counter()
            if name in self.bounded:
                lists[name], _ = self.bounded[name].best(block, self.k)
            else:
                scored = {each: ask(source) for each, source in blend.needed.items()}
                lists[name], _ = blend.best_of(block, scored, self.k, self.tie_order)
            seconds[name] = time.perf_counter() - started
        return lists, seconds

    def _scores(self, source: CandidateSource, block: Histories) -> Scored:
        if source.name in self.best:
            return self.best[source.name].scores(source, block, self.k, self.tie_order)
        return score(source, block)
