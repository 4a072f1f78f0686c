"""Households: the machines they own, since when, and their tastes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.data.sample.families import LAST_DAY, Families
from recsys_lib.data.sample.kinds import COLOUR_SHARES

SLOTS = 3
_SAME_LINE, _SAME_BRAND, _SAME_TIER = 0.6, 0.75, 0.9
"""Cumulative chances that a second machine is of the same line, brand or price tier."""


@dataclass(frozen=True)
class Households:
    """What households own and like.

    Parameters
    ----------
    family: families of the machines they own, the main one first; shape (users, SLOTS).
    bought: when they bought them, milliseconds; shape (users, SLOTS).
    colour: favourite colour, shape (users,).
    habit: chance that what they buy for a machine is a consumable, shape (users,).
    """

    family: np.ndarray
    bought: np.ndarray
    colour: np.ndarray
    habit: np.ndarray


def make_households(families: Families, users: int, rng: np.random.Generator) -> Households:
    """Give every household a main machine and others that go with it."""
    family = np.empty((users, SLOTS), dtype=np.int64)
    family[:, 0] = rng.choice(len(families), users, p=families.weight)
    for slot in range(1, SLOTS):
        family[:, slot] = _another_family(families, family[:, 0], rng)
    launch = families.launch[family]
    age = 1.0 - rng.beta(1.3, 1.6, (users, SLOTS))
    return Households(
        family=family,
        bought=(launch + age * (LAST_DAY - launch)).astype(np.int64),
        colour=rng.choice(len(COLOUR_SHARES), users, p=COLOUR_SHARES),
        habit=rng.beta(1.2, 2.2, users),
    )


def _another_family(families: Families, first: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A second machine for each household: of the same line, brand, tier, or any."""
    how = rng.random(len(first))
    low, high = np.zeros(len(first), dtype=np.int64), np.full(len(first), len(families))
    for chance, keys in (
        (_SAME_TIER, families.tier),
        (_SAME_BRAND, families.brand_key),
        (_SAME_LINE, families.line_key),
    ):
        key = keys[first]
        low = np.where(how < chance, np.searchsorted(keys, key, "left"), low)
        high = np.where(how < chance, np.searchsorted(keys, key, "right"), high)
    return weighted(families.weight, low, high, rng)


def weighted(
    weight: np.ndarray, low: np.ndarray, high: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One row between ``low`` and ``high`` (excluded) each, with chances as ``weight``."""
    total = np.concatenate([[0.0], np.cumsum(weight)])
    at = total[low] + rng.random(len(low)) * (total[high] - total[low])
    row = np.searchsorted(total, at, side="right") - 1
    return np.clip(row, low, high - 1)
