"""What people would do with the choices of a version that nobody saw yet, from random choices.

A place of a list was filled at random, with a known probability p of what stood there. A candidate
would show it with probability c (0 or 1 where it always takes its best item), so that w = c / p
lists of the candidate are like this one. With the outcome y of n places:

| estimate | |
|---|---|
| inverse propensity (ips) | mean of w y |
| self-normalized (snips) | sum of w y / sum of w |
| doubly robust (dr) | mean of q(candidate's item) + w (y - q(item)) |

q is any forecast of y; dr is right if either q or p is, and narrower than ips where q is good. The
intervals (95 %) count people: what one person does in ten lists is not ten answers. Where few lists
are like those of the candidate nothing can be said: Kish's effective number (sum of w)^2 / sum of
w^2 must be large enough.

References: Horvitz, Thompson, "A generalization of sampling without replacement from a finite
universe" (1952); Swaminathan, Joachims, "The self-normalized estimator for counterfactual
learning" (2015); Dudik, Langford, Li, "Doubly robust policy evaluation and learning" (2011).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from recsys_lib.errors import ThinSupportError
from recsys_lib.significance import SIGNIFICANT

ENOUGH_SUPPORT = 100.0
"""Effective number of lists that an estimate needs by default."""
METHODS = ("ips", "snips", "dr")
_Z = float(norm.ppf(1 - SIGNIFICANT / 2))


@dataclass(frozen=True)
class RandomPlaces:
    """Places of lists that were filled at random; arrays of shape (n,).

    Parameters
    ----------
    outcome: what happened to the item, 1 where it was clicked or the like, else 0.
    propensity: probability with which it was put there, above 0.
    target: probability with which the candidate would put it there.
    forecast: q of the item that was there.
    target_forecast: mean q of what the candidate would put there.
    person: a number for each person.
    """

    outcome: np.ndarray
    propensity: np.ndarray
    target: np.ndarray
    forecast: np.ndarray
    target_forecast: np.ndarray
    person: np.ndarray

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def weights(self) -> np.ndarray:
        """How many lists of the candidate each one stands for."""
        return np.asarray(self.target / self.propensity)

    @property
    def effective(self) -> float:
        """Kish's effective number of lists; 0 where none is like those of the candidate."""
        weights = self.weights
        squares = float((weights**2).sum())
        return float(weights.sum()) ** 2 / squares if squares else 0.0


@dataclass(frozen=True)
class Estimate:
    """A mean outcome, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def estimate(places: RandomPlaces, enough: float = ENOUGH_SUPPORT) -> dict[str, Estimate]:
    """The mean outcome of the candidate's choices, by each of ``METHODS``.

    Parameters
    ----------
    places
        Of lists.
    enough
        The effective number of lists that it takes.

    Raises
    ------
    ThinSupportError
        Where there are fewer.

    Examples
    --------
    >>> half, always = np.full(400, 0.5), np.arange(400) % 2 == 0
    >>> clicks = (np.arange(400) % 4 == 0).astype(float)
    >>> none = np.zeros(400)
    >>> places = RandomPlaces(clicks, half, always, none, none, np.arange(400))
    >>> estimate(places)["ips"].value
    0.5
    """
    require_support(places, enough)
    found = {method: _interval(terms(places, method), places.person) for method in METHODS}
    # The truth is a share, whatever few lists make of it.
    return {m: replace(e, low=max(e.low, 0.0), high=min(e.high, 1.0)) for m, e in found.items()}


def difference(one: RandomPlaces, other: RandomPlaces, enough: float = ENOUGH_SUPPORT) -> Estimate:
    """How much more the choices of ``other`` bring than those of ``one``, doubly robust.

    Both are of the same lists in the same order. ThinSupportError where one of them has no support.
    """
    for places in (one, other):
        require_support(places, enough)
    return _interval(terms(other, "dr") - terms(one, "dr"), one.person)


def require_support(places: RandomPlaces, enough: float) -> None:
    """ThinSupportError where too few lists are like those of the candidate."""
    found = places.effective
    if found < enough:
        raise ThinSupportError(
            f"support too thin: of {len(places):,} random choices those that the version would "
            f"make count as {found:,.0f}, and it takes {enough:,.0f}"
        )


def terms(places: RandomPlaces, method: str) -> np.ndarray:
    """One number for each place, whose mean is the estimate; shape (n,)."""
    weights, outcome = places.weights, places.outcome
    if method == "ips":
        return weights * outcome
    if method == "snips":
        share = weights / weights.mean()
        value = float((share * outcome).mean())
        return value + share * (outcome - value)  # linear in the weights: the delta method
    return places.target_forecast + weights * (outcome - places.forecast)


def cross_forecasts(
    item: np.ndarray, outcome: np.ndarray, person: np.ndarray, n_items: int
) -> np.ndarray:
    """The rate of each item among the other half of the people, shape (2, items).

    Row 0 is a forecast for people with even numbers, row 1 for those with odd ones: nobody's own
    outcome is in it. Items that few people got are drawn to the mean rate of all.
    """
    half = person % 2
    rates = np.empty((2, n_items))
    for own in (0, 1):
        rows = half != own
        mean = float(outcome[rows].mean()) if rows.any() else 0.0
        taken = np.bincount(item[rows], weights=outcome[rows], minlength=n_items)
        shown = np.bincount(item[rows], minlength=n_items)
        rates[own] = (taken + _DRAWN * mean) / (shown + _DRAWN)
    return rates


_DRAWN = 20.0  # lists that the mean rate counts as


def _interval(values: np.ndarray, person: np.ndarray) -> Estimate:
    mean = float(values.mean())
    _, codes = np.unique(person, return_inverse=True)
    sums = np.bincount(codes, weights=values - mean)
    people = len(sums)
    error = float(np.sqrt((sums**2).sum() * people / max(people - 1, 1))) / len(values)
    return Estimate(mean, mean - _Z * error, mean + _Z * error)
