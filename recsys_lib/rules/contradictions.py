"""Rules that cannot all be meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from recsys_lib.rules.kinds import Boost, Bury, Margin, Pin, ShopRule


def contradictions(rules: Sequence[ShopRule]) -> Iterator[tuple[int, str]]:
    """The later one of each two rules that contradict each other, by position, and why."""
    for (_, one), (at, other) in combinations(enumerate(rules), 2):
        said = _same_name(one, other) or _clash(one, other)
        if said:
            yield at, said


def _same_name(one: ShopRule, other: ShopRule) -> str:
    if one.name != other.name:
        return ""
    return f"another rule is named {one.name!r}, too: give it a name of its own"


def _clash(one: ShopRule, other: ShopRule) -> str:
    if not one.may_meet(other):
        return ""
    if isinstance(one, Margin) and isinstance(other, Margin):
        return f"{one.name!r} weighs a margin at the same time: keep one of them"
    if one.for_ != other.for_:
        return ""
    if isinstance(one, Pin) and isinstance(other, Pin):
        return _two_pins(one, other)
    if {type(one), type(other)} == {Boost, Bury}:
        both = (one, other)
        same = [rule.conditions for rule in both if isinstance(rule, (Boost, Bury))]
        if same[0] == same[1]:
            return f"{one.name!r} moves the same products the other way: keep one of them"
    return ""


def _two_pins(one: Pin, other: Pin) -> str:
    if one.item == other.item:
        return f"{one.name!r} pins the same item at place {one.position}: keep one of them"
    if one.position == other.position:
        return f"{one.name!r} pins another item at the same place: choose another position"
    return ""
