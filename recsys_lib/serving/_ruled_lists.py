"""From a ranking of all items to a list that keeps the rules of the shop.

The candidates are taken from the ranking, without what rules leave out. The best of them are put
into the order of their scores by the rules; the others follow. Then the list is filled from above:
pinned items have their places, and what a cap does not let through is passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recsys_lib.rules import KEEP, ListRules, PinnedItem
from recsys_lib.serving._items import AllItems
from recsys_lib.serving._ranked import Ranked
from recsys_lib.serving._variety import alike, varied

RESCORED = 100
"""Factors and margins act among so many of the best candidates; fixed, so that a longer list begins
with the shorter one."""
DEPTH = 200
"""So many items of the ranking are looked at, before it is known how many rules leave out."""
_VARIED = 200
_DEEPER = 4


@dataclass(frozen=True)
class Wanted:
    """What a list is like: most items, one for all variants, and its variety."""

    n: int
    group_variants: bool
    diversity: float


@dataclass(frozen=True)
class Arranged:
    """A list, and what the rules did.

    Parameters
    ----------
    rows, scores: of its items.
    rules: for each item the names of the rules that moved it, None where none did.
    left_out: row and rule of each item that would be in the list without the rule.
    """

    rows: np.ndarray
    scores: np.ndarray
    rules: list[str | None]
    left_out: list[tuple[int, str]]


def arranged(ranked: Ranked, items: AllItems, wanted: Wanted, rules: ListRules) -> Arranged:
    """The list by the rules, full where enough items are left; deeper candidates where needed."""
    depth = max(DEPTH, wanted.n)
    while True:
        rows, scores = ranked.best(depth)
        is_all = len(rows) < depth
        found = _Candidates.of(rows, scores, items, wanted, rules)
        if is_all or len(found.rows) >= found.fewest:
            chosen = _filled(found, wanted.n, rules)
            if is_all or len(chosen.rows) == wanted.n:
                return _told(chosen, found, rows[: wanted.n], rules)
        depth *= _DEEPER


@dataclass(frozen=True)
class _Candidates:
    """What can be in the list beside the pinned items, in the order in which it is taken.

    ``moved`` are the rows whose place the new scores have changed. ``fewest`` is how many there
    must be, unless no more are left.
    """

    rows: np.ndarray
    scores: np.ndarray
    moved: frozenset[int]
    fewest: int

    @classmethod
    def of(
        cls,
        rows: np.ndarray,
        scores: np.ndarray,
        items: AllItems,
        wanted: Wanted,
        rules: ListRules,
    ) -> _Candidates:
        kept = rules.left_out[rows] == KEEP
        rows, scores, moved = rows[kept], scores[kept].astype(np.float64), frozenset[int]()
        if rules.rescores:
            head = rules.rescored(rows[:RESCORED], scores[:RESCORED])
            order = np.argsort(-head, kind="stable")
            moved = frozenset(rows[order[order != np.arange(len(order))]].tolist())
            rows = np.concatenate([rows[order], rows[RESCORED:]])
            scores = np.concatenate([head[order], scores[RESCORED:]])
        pinned = np.array([pin.row for pin in rules.pins], dtype=np.int64)
        others = ~np.isin(rows, pinned)
        if wanted.group_variants:
            others &= ~np.isin(items.groups[rows], items.groups[pinned])
        rows, scores = rows[others], scores[others]
        if wanted.group_variants:
            first = np.sort(np.unique(items.groups[rows], return_index=True)[1])
            rows, scores = rows[first], scores[first]
        if wanted.diversity:
            rows, scores = _varied(rows, scores, items, wanted)
        return cls(rows, scores, moved, _VARIED if wanted.diversity else RESCORED)


def _varied(
    rows: np.ndarray, scores: np.ndarray, items: AllItems, wanted: Wanted
) -> tuple[np.ndarray, np.ndarray]:
    # All of them, as caps may pass over any number: a longer list begins with the shorter one.
    first = varied(scores[:_VARIED], wanted.diversity, _VARIED, alike(items, rows[:_VARIED]))
    order = np.concatenate([first, np.arange(len(first), len(rows))])
    return rows[order], scores[order]


@dataclass(frozen=True)
class _Filled:
    """Rows and scores of a list, the pins in it by row, and what caps passed over."""

    rows: list[int]
    scores: list[float]
    pinned: dict[int, str]
    passed: dict[int, str]


class _Counts:
    """How many items of each capped group the list has."""

    def __init__(self, rules: ListRules) -> None:
        self._caps = rules.caps
        self._counts: list[Counter[int]] = [Counter() for _ in rules.caps]

    def full(self, row: int) -> str | None:
        """The cap that does not let an item in; None where all do."""
        for cap, counts in zip(self._caps, self._counts, strict=True):
            group = int(cap.groups[row])
            if group >= 0 and counts[group] >= cap.at_most:
                return cap.name
        return None

    def add(self, row: int) -> None:
        """Count an item of the list."""
        for cap, counts in zip(self._caps, self._counts, strict=True):
            if (group := int(cap.groups[row])) >= 0:
                counts[group] += 1


def _filled(found: _Candidates, n: int, rules: ListRules) -> _Filled:
    """Take candidates from above, and pinned items at their places."""
    counts = _Counts(rules)
    pins: dict[int, PinnedItem] = {}
    for place, wanted in _places(rules.pins):
        if counts.full(wanted.row) is None:
            counts.add(wanted.row)
            pins[place] = wanted
    rows: list[int] = []
    scores: list[float] = []
    pinned: dict[int, str] = {}
    passed: dict[int, str] = {}
    others = _passing(found, counts, passed)
    while len(rows) < n:
        pin = pins.pop(len(rows) + 1, None)
        other = None if pin is not None else next(others, None)
        if pin is None and other is None and pins:  # no candidates up to the place of the pin
            pin = pins.pop(min(pins))
        if pin is not None:
            pinned[pin.row] = pin.name
            other = pin.row, np.nan
        if other is None:
            break
        rows.append(other[0])
        scores.append(other[1])
    return _Filled(rows, _with_scores_of_pins(scores), pinned, passed)


def _passing(
    found: _Candidates, counts: _Counts, passed: dict[int, str]
) -> Iterator[tuple[int, float]]:
    """The candidates that the caps let in when they are taken; ``passed`` gets the others."""
    for row, score in zip(found.rows.tolist(), found.scores.tolist(), strict=True):
        reason = counts.full(row)
        if reason is None:
            counts.add(row)
            yield row, score
        else:
            passed[row] = reason


def _places(pins: Sequence[PinnedItem]) -> list[tuple[int, PinnedItem]]:
    """Place and item of each pin: of several for one place or item the first of the file counts.

    The others for a place take the next free ones.
    """
    places: dict[int, PinnedItem] = {}
    for pin in pins:
        if any(pin.row == other.row for other in places.values()):
            continue
        place = pin.position
        while place in places:
            place += 1
        places[place] = pin
    return sorted(places.items())


def _with_scores_of_pins(scores: list[float]) -> list[float]:
    """A pinned item has the score of the item after it, so that scores still order the list."""
    known = [score for score in scores if not np.isnan(score)]
    following = known[-1] if known else 0.0
    filled = []
    for score in reversed(scores):
        following = following if np.isnan(score) else score
        filled.append(following)
    return filled[::-1]


def _told(chosen: _Filled, found: _Candidates, first: np.ndarray, rules: ListRules) -> Arranged:
    """The list with what each rule did; ``first`` are the items that it would have without any."""
    in_list = set(chosen.rows)
    notes: list[str | None] = []
    for row in chosen.rows:
        names = [chosen.pinned[row]] if row in chosen.pinned else []
        names += rules.movers(row) if row in found.moved else []
        notes.append(", ".join(names) or None)
    left_out = []
    for row in first.tolist():
        at = int(rules.left_out[row])
        name = rules.names[at] if at != KEEP else chosen.passed.get(row)
        if name is not None and row not in in_list:
            left_out.append((row, name))
    rows = np.array(chosen.rows, dtype=np.int64)
    return Arranged(rows, np.array(chosen.scores), notes, left_out)
