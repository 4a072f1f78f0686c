"""Who buys what and when: what fits the machines of the household."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.data.sample.catalogue import Catalogue
from recsys_lib.data.sample.families import LAST_DAY, YEAR_MS
from recsys_lib.data.sample.households import SLOTS, Households, make_households, weighted
from recsys_lib.data.sample.kinds import Kind

_SLOT_SHARES = np.array([0.8, 0.14, 0.06])
_ACTIVITY_SIGMA = 1.4
_MOST_REVIEWS = 20
"""What the busiest households are expected to write after their first; chance adds some."""
_MACHINE_SHARE, _UNIVERSAL_SHARE, _STRAY_SHARE = 0.14, 0.08, 0.04
"""Of all purchases: machines, universal products, and products the household has no use for."""
_COLOUR_TRIES = 3


@dataclass(frozen=True)
class Purchases:
    """Distinct (user, product) pairs, sorted by user; columns of length n.

    Parameters
    ----------
    user, product: row numbers; every user and every product with a weight occurs.
    timestamp: milliseconds since 1970 UTC.
    stray: whether the product has nothing to do with the household's machines.
    """

    user: np.ndarray
    product: np.ndarray
    timestamp: np.ndarray
    stray: np.ndarray


def make_purchases(
    catalogue: Catalogue, users: int, count: int, rng: np.random.Generator
) -> Purchases:
    """Draw ``count`` purchases of ``users`` households, at least one each."""
    households = make_households(catalogue.families, users, rng)
    user = np.repeat(np.arange(users), _reviews_per_user(users, count, rng))
    slot = rng.choice(SLOTS, count, p=_SLOT_SHARES)
    product, stray = _draw(catalogue, households, user, slot, rng)
    product, stray = _without_repeats(catalogue, households, (user, slot, product, stray), rng)
    product = _cover_all(catalogue, product, rng)
    stray &= catalogue.family[product] != households.family[user, slot]
    timestamp = _timestamps(catalogue, households, user, slot, product, rng)
    return Purchases(user=user, product=product, timestamp=timestamp, stray=stray)


def _reviews_per_user(users: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """One review each, the rest by a lognormal activity: most write one or two, a few dozens."""
    activity = rng.lognormal(0.0, _ACTIVITY_SIGMA, users)
    activity = np.minimum(activity, _MOST_REVIEWS * activity.sum() / (count - users))
    return 1 + rng.multinomial(count - users, activity / activity.sum())


def _draw(
    catalogue: Catalogue,
    households: Households,
    user: np.ndarray,
    slot: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """A product for each (user, slot), and whether it is a stray one."""
    family, what = households.family[user, slot], rng.random(len(user))
    kind = np.where(rng.random(len(user)) < households.habit[user], Kind.CONSUMABLE, Kind.PART)
    kind = np.where(what < _MACHINE_SHARE, Kind.MACHINE, kind)
    universal = (what >= _MACHINE_SHARE) & (what < _MACHINE_SHARE + _UNIVERSAL_SHARE)
    universals = catalogue.universal_cell(catalogue.families.machine[family])
    cell = np.where(universal, universals, 3 * family + kind)
    stray = what >= 1.0 - _STRAY_SHARE
    low = np.where(stray, 0, catalogue.cell_starts[cell])
    high = np.where(stray, len(catalogue), catalogue.cell_starts[cell + 1])
    product = weighted(catalogue.weight, low, high, rng)
    wanted = households.colour[user]
    for _ in range(_COLOUR_TRIES):
        wrong = np.flatnonzero((catalogue.colour[product] != wanted) & (kind == Kind.MACHINE))
        product[wrong] = weighted(catalogue.weight, low[wrong], high[wrong], rng)
    return product, stray


def _without_repeats(
    catalogue: Catalogue,
    households: Households,
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw again where a user has the product already, or another machine of its family."""
    user, slot, product, stray = drawn
    machine = catalogue.kind == Kind.MACHINE
    model = np.where(machine, catalogue.cell_starts[catalogue.cell], np.arange(len(catalogue)))
    while len(again := _repeats(user * len(catalogue) + model[product])):
        slot[again] = rng.integers(SLOTS, size=len(again))
        product[again], stray[again] = _draw(catalogue, households, user[again], slot[again], rng)
    return product, stray


def _repeats(key: np.ndarray) -> np.ndarray:
    """Positions of all but the first of equal keys."""
    order = np.argsort(key, kind="stable")
    same = key[order[1:]] == key[order[:-1]]
    return np.sort(order[1:][same])


def _cover_all(catalogue: Catalogue, product: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give each product that was left out a purchase of a popular one, of its family if it can."""
    product = product.copy()
    for group in (catalogue.cell, np.zeros(len(catalogue), dtype=np.int64)):
        bought = np.bincount(product, minlength=len(catalogue))
        missing = np.flatnonzero((bought == 0) & (catalogue.weight > 0))
        shuffled = rng.permutation(len(product))
        spare = shuffled[_repeats(product[shuffled])]
        spare = spare[np.argsort(group[product[spare]], kind="stable")]
        starts = np.searchsorted(group[product[spare]], group[missing])
        ends = np.searchsorted(group[product[spare]], group[missing], "right")
        first_of_group = np.searchsorted(group[missing], group[missing])
        place = starts + np.arange(len(missing)) - first_of_group
        found = place < ends
        product[spare[place[found]]] = missing[found]
    return product


def _timestamps(
    catalogue: Catalogue,
    households: Households,
    user: np.ndarray,
    slot: np.ndarray,
    product: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """A machine is reviewed when it is bought, all else in the years that follow."""
    bought = households.bought[user, slot]
    family = catalogue.family[product]
    launch = np.where(family >= 0, catalogue.families.launch[family], 0)
    years = rng.exponential(1.6, len(user)) + rng.random(len(user)) * 0.05
    machine = catalogue.kind[product] == Kind.MACHINE
    wait = np.where(machine, rng.random(len(user)) * 0.05, 0.05 + years) * YEAR_MS
    start = np.maximum(bought, launch)
    left = LAST_DAY - start
    late = rng.random(len(user)) * 0.95 + 0.05
    wait = np.where(wait < left, wait, late * left)
    return (start + wait).astype(np.int64)
