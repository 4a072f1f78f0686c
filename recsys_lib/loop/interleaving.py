"""Team-draft interleaving: one list of two versions, each item of the team that chose it.

The versions take turns like captains who choose their teams. A coin says who begins each turn, and
each adds its best item that nobody chose yet. Whose items are taken more is the better version,
with a fraction of the people that two separate groups need, since each person compares both.

Reference: Radlinski, Kurup, Joachims, "How does clickthrough data reflect retrieval quality?"
(2008), algorithm 2.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Sequence
from typing import NamedTuple

FIRST, SECOND = 0, 1


class Draw(NamedTuple):
    """An item of the joint list: its team (FIRST or SECOND), and its place in that ranking."""

    team: int
    place: int


def team_draft(
    first: Sequence[Collection[str]],
    second: Sequence[Collection[str]],
    n: int,
    coin: random.Random,
) -> list[Draw]:
    """Interleave two rankings.

    Parameters
    ----------
    first, second
        For each place, best first, the names of its item: the id, and those of variants, which
        share the row.
    n
        Most items.
    coin
        Says which team begins a turn.

    Returns
    -------
    list of Draw
        Best first. An item that both rankings have belongs to the team that chose it.

    Examples
    --------
    >>> [tuple(draw) for draw in team_draft([["a"], ["b"]], [["a"], ["c"]], 3, random.Random(1))]
    [(0, 0), (1, 1), (0, 1)]
    """
    rankings, taken, at = (first, second), set[str](), [0, 0]
    draws: list[Draw] = []
    while len(draws) < n:
        begins = coin.getrandbits(1)
        before = len(draws)
        for team in (begins, 1 - begins):
            ranking = rankings[team]
            while at[team] < len(ranking) and not taken.isdisjoint(ranking[at[team]]):
                at[team] += 1
            if at[team] < len(ranking) and len(draws) < n:
                taken.update(ranking[at[team]])
                draws.append(Draw(team, at[team]))
        if len(draws) == before:  # both rankings are used up
            break
    return draws


def coin_of(*key: str) -> random.Random:
    """A coin that falls the same for the same person and question: a list that is asked for again
    stays as it is.
    """
    digest = hashlib.blake2b("\0".join(key).encode(errors="replace"), digest_size=8).digest()
    return random.Random(int.from_bytes(digest))
