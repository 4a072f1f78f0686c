"""Who buys what and when: households, and purchases that suit the machines they own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.data.sample.assortment import LAST_DAY, YEAR_MS, Families
from recsys_lib.data.sample.catalogue import Catalogue, draw_weighted
from recsys_lib.data.sample.product_types import COLOUR_SHARES, Kind

SLOTS = 3
_SAME_LINE, _SAME_BRAND, _SAME_TIER = 0.6, 0.75, 0.9
"""Cumulative chances that a further machine is of the same line, brand or price tier."""
_SLOT_SHARES = np.array([0.8, 0.14, 0.06])
_ACTIVITY_SIGMA = 1.4
_MOST_REVIEWS = 20
"""Expected number of further reviews of the most active households."""
_MACHINE_SHARE, _UNIVERSAL_SHARE, _STRAY_SHARE = 0.14, 0.08, 0.04
"""Shares of machines, of universal products, and of products the household has no use for."""
_COLOUR_TRIES = 3


@dataclass(frozen=True)
class Households:
    """What households own and like.

    Parameters
    ----------
    family: families of their machines, the main one first; shape (users, SLOTS).
    bought: when they bought them, in milliseconds; shape (users, SLOTS).
    colour: favourite colour, shape (users,).
    consumables: share of consumables in what they buy for a machine, shape (users,).
    """

    family: np.ndarray
    bought: np.ndarray
    colour: np.ndarray
    consumables: np.ndarray


def make_households(families: Families, users: int, rng: np.random.Generator) -> Households:
    """Give every household a main machine, and others that go with it."""
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
        consumables=rng.beta(1.2, 2.2, users),
    )


def _another_family(families: Families, first: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A further machine for each household: of the same line, brand or tier, or any."""
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
    return draw_weighted(families.weight, low, high, rng)


@dataclass(frozen=True)
class Purchases:
    """Distinct (user, product) pairs, sorted by user; columns of length n.

    Parameters
    ----------
    user, product: rows; every user occurs, and every product with a weight.
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
    """One each, the rest by lognormal activity: most write one or two, a few write dozens."""
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
    kind = np.where(
        rng.random(len(user)) < households.consumables[user], Kind.CONSUMABLE, Kind.PART
    )
    kind = np.where(what < _MACHINE_SHARE, Kind.MACHINE, kind)
    universal = (what >= _MACHINE_SHARE) & (what < _MACHINE_SHARE + _UNIVERSAL_SHARE)
    universals = catalogue.universal_cell(catalogue.families.machine[family])
    cell = np.where(universal, universals, 3 * family + kind)
    stray = what >= 1.0 - _STRAY_SHARE
    low = np.where(stray, 0, catalogue.cell_starts[cell])
    high = np.where(stray, len(catalogue), catalogue.cell_starts[cell + 1])
    product = draw_weighted(catalogue.weight, low, high, rng)
    wanted = households.colour[user]
    for _ in range(_COLOUR_TRIES):
        wrong = np.flatnonzero((catalogue.colour[product] != wanted) & (kind == Kind.MACHINE))
        product[wrong] = draw_weighted(catalogue.weight, low[wrong], high[wrong], rng)
    return product, stray


def _without_repeats(
    catalogue: Catalogue,
    households: Households,
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw again where a user already has the product, or another machine of its family."""
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
    """Give products without purchases one of a popular product, of their family if possible."""
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
    """Machines are reviewed when they are bought, all else in the following years."""
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
