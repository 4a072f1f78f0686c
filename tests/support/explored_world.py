"""People of three tastes, and a place that Thompson sampling fills for them: the truth is known."""

import numpy as np

from recsys_lib.loop.off_policy import RandomPlaces, cross_forecasts
from recsys_lib.loop.thompson import Thompson

RATES = np.array([[0.30, 0.05, 0.10, 0.05], [0.05, 0.25, 0.10, 0.05], [0.05, 0.05, 0.15, 0.05]])
"""How often people of a taste click on an item, shape (tastes, items)."""
POLICIES = {
    "best for each taste": np.array([0, 1, 2]),
    "one item for all": np.array([2, 2, 2]),
    "worst item": np.array([3, 3, 3]),
}
"""The item for each taste, which a candidate always takes."""
_PEOPLE_PER_LIST, _BATCHES = 0.5, 4


def truth(policy):
    """The click rate of a candidate; all tastes are equally frequent."""
    return float(RATES[np.arange(3), POLICIES[policy]].mean())


def logged(seed, lists):
    """Lists with the item that was drawn, whether it was clicked, and its probability.

    The counts are refreshed ``_BATCHES`` times, as the service does each hour.
    """
    generator = np.random.default_rng(seed)
    person = generator.integers(0, max(int(lists * _PEOPLE_PER_LIST), 1), lists)
    taste = person % 3
    item, clicked, propensity = np.empty(lists, int), np.empty(lists), np.empty(lists)
    taken, shown = np.zeros(4), np.zeros(4)
    for rows in np.array_split(np.arange(lists), _BATCHES):
        chances = Thompson(taken, shown).probabilities()
        item[rows] = generator.choice(4, len(rows), p=chances)
        propensity[rows] = chances[item[rows]]
        clicked[rows] = generator.random(len(rows)) < RATES[taste[rows], item[rows]]
        taken += np.bincount(item[rows], clicked[rows], 4)
        shown += np.bincount(item[rows], minlength=4)
    return person, taste, item, clicked, propensity


def places(world, policy):
    """The random places beside the choices of a candidate."""
    person, taste, item, clicked, propensity = world
    chosen = POLICIES[policy][taste]
    rates = cross_forecasts(item, clicked, person, 4)
    half = person % 2
    same = (chosen == item).astype(float)
    return RandomPlaces(clicked, propensity, same, rates[half, item], rates[half, chosen], person)
