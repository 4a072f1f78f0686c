"""Lists of a blend and of single sources for many users, each source asked once for all of them.

Users with the same history have the same lists. Users come in blocks whose scores stay in the
processor's cache, and of all scores only the best items are kept.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

import numpy as np

from recsys_lib.blend._relative import Scored, score
from recsys_lib.blend.blend import Blend
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import CandidateSource
from recsys_lib.ranking import in_blocks, shuffled_tie_order


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
    tie_order = shuffled_tie_order(histories.n_items, seed)

    def ranked(users: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        return _rank_block(blends, alone, histories.take(users), k, tie_order)

    blocks = in_blocks(ranked, first, histories.n_items)
    seconds: Counter[str] = Counter()
    for _, spent in blocks:
        seconds.update(spent)
    names = blocks[0][0] if blocks else {}
    lists = {name: np.concatenate([block[name] for block, _ in blocks])[group] for name in names}
    return lists, dict(seconds)


def _rank_block(
    blends: Mapping[str, Blend],
    alone: Mapping[str, CandidateSource],
    block: Histories,
    k: int,
    tie_order: np.ndarray,
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    lists, seconds = {}, {}
    asked: dict[tuple[str, float], Scored] = {}

    def ask(source: CandidateSource) -> Scored:
        key = (source.name, source.half_life)
        if key not in asked:
            asked[key] = score(source, block)
        return asked[key]

    for name, source in alone.items():
        started = time.perf_counter()
        lists[name], _ = ask(source).top(k, tie_order, block)
        seconds[name] = time.perf_counter() - started
    for name, blend in blends.items():
        started = time.perf_counter()
        scored = {each: ask(source) for each, source in blend.needed.items()}
        lists[name], _ = blend.best_of(block, scored, k, tie_order)
        seconds[name] = time.perf_counter() - started
    return lists, seconds
