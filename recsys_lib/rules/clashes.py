"""Pins that other rules of the file do not let in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product

from recsys_lib.rules.in_list import Act
from recsys_lib.rules.kinds import Ban, Cap, Context, Pin, Variants
from recsys_lib.rules.reading import Place


def refused_pins(acts: Sequence[Act], places: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """The place of each pin that a ban, or a cap full of earlier pins, leaves out; and why.

    What is out of stock today may be pinned: it is in no list until it can be had again.
    """
    pins = [at for at, act in enumerate(acts) if isinstance(act.rule, Pin)]
    for other in acts:
        if isinstance(other.rule, Ban):
            for at in pins:
                if other.touched[acts[at].row] and acts[at].rule.may_meet(other.rule):
                    yield places[at], f"{other.name!r} bans the item: take one of the two rules out"
        elif isinstance(other.rule, (Cap, Variants)):
            full = _one_too_many([acts[at] for at in pins], other, other.rule.at_most)
            for at in sorted(set(full)):
                yield (
                    places[pins[at]],
                    f"{other.name!r} lets only {other.rule.at_most} of such items in, and other "
                    "pins have taken the places: take a pin out",
                )


def _one_too_many(pins: Sequence[Act], cap: Act, at_most: int) -> Iterator[int]:
    """Positions of pins that find a group of the cap full of pins for the same lists, some day."""
    able = [(at, pin) for at, pin in enumerate(pins) if pin.rule.may_meet(cap.rule)]
    begins = {pin.rule.from_ or date.min for _, pin in able} | {cap.rule.from_ or date.min}
    for groups, day in product(cap.groups, sorted(begins)):
        if not cap.rule.is_in_force(day):
            continue
        counts: Counter[tuple[int, Context]] = Counter()
        for at, pin in able:
            key = int(groups[pin.row]), pin.rule.for_
            counts[key] += pin.rule.is_in_force(day)
            if key[0] >= 0 and pin.rule.is_in_force(day) and counts[key] > at_most:
                yield at
