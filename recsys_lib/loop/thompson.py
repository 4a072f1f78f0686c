"""Thompson sampling with the probability of each choice, by an integral in place of draws.

The rate of an item is Beta(1 + taken, 19 + not taken): before anybody saw it, it is 5 %, as sure as
20 people make it. Thompson sampling draws a rate for each item and takes the item with the highest
one, which is item i with probability

    integral over x of f_i(x) * product over j != i of F_j(x),

f and F the density and distribution function of the rates. The integral is a Gauss-Legendre sum in
the square root of x, where most rates are near 0. With probability ``EVEN`` each item is equally
likely instead: else soon only one would be shown, and the log could not say what another choice
would have brought. The item is drawn from these probabilities themselves, so what is logged is what
it was drawn with, whatever the error of the sum.

References: Thompson, "On the likelihood that one unknown probability exceeds another in view of the
evidence of two samples" (1933); Hadad et al., "Confidence intervals for policy evaluation in
adaptive experiments" (2021), on the need of a least probability.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import betainc, betaln, xlog1py, xlogy

PRIOR = (1.0, 19.0)
"""Items that were taken and were not, as if seen before."""
EVEN = 0.2
"""Share of the choices that are made without looking at the counts."""
_NODES = 512
_LOWEST = -1e4  # in place of the logarithm of 0, which no difference can be taken of


class Thompson:
    """The choice among items whose counts are known.

    Parameters
    ----------
    taken, shown
        Whole numbers, shape (items,): how often each was taken, and shown.

    Examples
    --------
    >>> Thompson(np.array([0, 0]), np.array([0, 0])).probabilities()
    array([0.5, 0.5])
    >>> Thompson(np.array([0, 5]), np.array([20, 20])).probabilities().round(2)
    array([0.11, 0.89])
    """

    def __init__(self, taken: np.ndarray, shown: np.ndarray) -> None:
        a = (PRIOR[0] + taken)[:, None]
        b = (PRIOR[1] + shown - taken)[:, None]
        nodes, weights = _nodes()
        root = (nodes + 1) / 2
        x, weight = root**2, weights * root
        density = xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b)
        self._log_mass = density + np.log(weight)
        with np.errstate(divide="ignore"):
            self._log_below = np.maximum(np.log(betainc(a, b, x)), _LOWEST)

    def probabilities(self, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Of each of some items to be chosen among them, shape (rows,); they add up to 1."""
        below = self._log_below[rows]
        terms = self._log_mass[rows] - below + below.sum(axis=0)
        mass = np.exp(terms).sum(axis=1)
        return np.asarray((1 - EVEN) * mass / mass.sum() + EVEN / len(mass))


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(_NODES)
