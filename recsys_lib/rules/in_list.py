"""What the rules in force do to one list, as arrays over all items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys_lib.rules.columns import Column
from recsys_lib.rules.kinds import Ban, Boost, Bury, Cap, Margin, Pin, ShopRule, Stock, Variants

KEEP = -1
"""In place of the number of a rule that leaves an item out."""


@dataclass(frozen=True)
class Act:
    """A rule, and the items that it is about.

    Parameters
    ----------
    touched: bool, shape (items,).
    row: the item of a pin.
    groups: of a cap: for each group of items that are counted together, its number, -1 for items
        that are not counted.
    column: of stock and margin.
    """

    rule: ShopRule
    touched: np.ndarray
    row: int = -1
    groups: tuple[np.ndarray, ...] = ()
    column: Column | None = None

    @property
    def name(self) -> str:
        """Of the rule."""
        return self.rule.name


@dataclass(frozen=True)
class PinnedItem:
    """An item with its place, from 1."""

    row: int
    position: int
    name: str


@dataclass(frozen=True)
class Capped:
    """A limit to the items of each group; -1 is no group."""

    groups: np.ndarray
    at_most: int
    name: str


@dataclass(frozen=True)
class ListRules:
    """The rules in force for a list.

    Parameters
    ----------
    fingerprint: of all rules of the shop, also of those that are not in force.
    names: of those that leave items out.
    left_out: position in ``names`` for items that the list must not have, else -1; (items,).
    factors: what scores are multiplied by, float64 (items,); None where no rule does.
    margins: from 0 to 1, 0 where none is known, float64 (items,); None without such a rule.
    weight: of the margins.
    moving: name, and which items it moves, of each boost, bury and margin.
    caps, pins: in the order of the file.
    """

    fingerprint: str
    names: tuple[str, ...]
    left_out: np.ndarray
    factors: np.ndarray | None
    margins: np.ndarray | None
    weight: float
    moving: tuple[tuple[str, np.ndarray], ...]
    caps: tuple[Capped, ...]
    pins: tuple[PinnedItem, ...]

    @classmethod
    def combine(cls, acts: Sequence[Act], n_items: int, fingerprint: str) -> ListRules:
        """All that these rules do."""
        left_out = np.full(n_items, KEEP, dtype=np.int32)
        names: list[str] = []
        moving: list[tuple[str, np.ndarray]] = []
        caps: list[Capped] = []
        pins: list[PinnedItem] = []
        factors = margins = None
        weight = 0.0
        for act in acts:
            rule = act.rule
            if isinstance(rule, (Ban, Stock)):
                left_out[act.touched & (left_out == KEEP)] = len(names)
                names.append(act.name)
            elif isinstance(rule, (Boost, Bury)):
                factors = np.ones(n_items) if factors is None else factors
                factors[act.touched] *= rule.factor
                moving.append((act.name, act.touched))
            elif isinstance(rule, Margin):
                margins, weight = _scaled(act), rule.weight
                moving.append((act.name, act.touched))
            elif isinstance(rule, (Cap, Variants)):
                caps += [Capped(groups, rule.at_most, act.name) for groups in act.groups]
            elif isinstance(rule, Pin):
                pins.append(PinnedItem(act.row, rule.position, act.name))
        possible = [pin for pin in pins if left_out[pin.row] == KEEP]
        return cls(
            fingerprint,
            tuple(names),
            left_out,
            factors,
            margins,
            weight,
            tuple(moving),
            tuple(caps),
            tuple(possible),
        )

    def with_pins(self, pins: Sequence[PinnedItem]) -> ListRules:
        """The same with some of the pins."""
        return self if len(pins) == len(self.pins) else replace(self, pins=tuple(pins))

    @property
    def rescores(self) -> bool:
        """Whether scores change."""
        return self.factors is not None or self.margins is not None

    def rescored(self, rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Scores by the rules, of candidates in the order of their own scores; float64.

        A score s becomes (1 - w) s f + w m b, with the factors f of the item, its margin m from 0
        to 1, the weight w of the margin, and the best score b of the candidates. In units of b, so
        that the best is 1, this is the same for every model. Scores that are not above 0 have no
        such unit: factors leave them as they are.
        """
        own = scores.astype(np.float64)
        if self.factors is not None:
            own = np.where(own > 0, own * self.factors[rows], own)
        if self.margins is not None and len(scores):
            best = max(float(scores.max()), 0.0)
            own = (1 - self.weight) * own + self.weight * best * self.margins[rows]
        return own

    def movers(self, row: int) -> list[str]:
        """The rules that change the score of an item."""
        return [name for name, touched in self.moving if touched[row]]


def _scaled(act: Act) -> np.ndarray:
    """From 0, the lowest margin of all items, to 1; 0 where none is known."""
    assert act.column is not None
    values = act.column.values
    low, high = np.nanmin(values), np.nanmax(values)
    spread = high - low
    scaled = (values - low) / spread if spread > 0 else np.ones_like(values)
    return np.nan_to_num(scaled, nan=0.0)
