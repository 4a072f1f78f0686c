"""One comparison of two periods: how large the difference is, and whether it is beyond noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import ks_2samp

from recsys_lib.loop.divergence import divergence
from recsys_lib.loop.periods import Periods
from recsys_lib.significance import SIGNIFICANT

DriftVerdict = Literal["steady", "some drift", "strong drift", "too few to tell"]
FEWEST = 100
"""Rows that a period needs."""
_DEALS = 199
_LIMITS = {
    "log2 ratio": (0.5, 1.0),
    "KS distance": (0.1, 0.2),
    "divergence of items": (0.1, 0.25),
    "divergence": (0.02, 0.05),
    "shift of the mean": (0.1, 0.25),
}
"""Measure -> the sizes from which drift is some and strong. 0.05 bits are a PSI of about 0.28."""


@dataclass(frozen=True)
class Drift:
    """One comparison of the newest interactions with those before.

    Parameters
    ----------
    what: is compared.
    before, now: a number that describes each period, with ``unit``.
    size: of the difference, by ``measure``.
    p: corrected for the number of comparisons; NaN where there are too few rows.
    verdict: by size and p.
    """

    what: str
    unit: str
    before: float
    now: float
    measure: str
    size: float
    p: float
    verdict: DriftVerdict

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.verdict == "too few to tell":
            return f"{self.what}: fewer than {FEWEST} rows before or now, too few to tell"
        return (
            f"{self.what}: {self.unit} {self.before:,.4g} before, {self.now:,.4g} now "
            f"({self.measure} {self.size:.2f}): {self.verdict}"
        )


def distance(what: str, unit: str, before: np.ndarray, now: np.ndarray) -> Drift:
    """How far the cumulative shares of two samples are apart."""
    if min(len(before), len(now)) < FEWEST:
        return too_few(what)
    test = ks_2samp(before, now)
    middle = np.mean if unit == "mean" else np.median
    values = float(middle(before)), float(middle(now))
    return Drift(
        what, unit, *values, "KS distance", float(test.statistic), float(test.pvalue), "steady"
    )


def divergence_of(
    what: str,
    unit: str,
    codes: np.ndarray,
    periods: Periods,
    generator: np.random.Generator,
    measure: str = "divergence",
) -> Drift:
    """How far the shares of codes are apart, less what chance alone makes of it."""
    n = int(codes.max()) + 1
    before, now = (np.bincount(codes[rows], minlength=n) for rows in (periods.before, periods.now))
    if min(before.sum(), now.sum()) < FEWEST:
        return too_few(what)
    both = before + now
    seen = both[both > 0]
    dealt = generator.multivariate_hypergeometric(seen, int(now.sum()), _DEALS, method="marginals")
    by_chance = np.array([divergence(seen - deal, deal) for deal in dealt])
    found = divergence(before, now)
    p = (1 + int((by_chance >= found).sum())) / (1 + _DEALS)
    size = max(0.0, found - float(by_chance.mean()))
    counts = float((before > 0).sum()), float((now > 0).sum())
    return Drift(what, unit, *counts, measure, size, p, "steady")


def shift_of(
    what: str,
    item: np.ndarray,
    vectors: np.ndarray,
    periods: Periods,
    generator: np.random.Generator,
) -> Drift:
    """How far the mean vector has moved, in standard deviations of the vectors.

    Parameters
    ----------
    what
        Is compared.
    item
        Row of ``vectors`` of each interaction, shape (n,).
    vectors
        float, shape (items, dimension); zeros where an item has none, which is left out.
    periods
        Of the interactions.
    generator
        Deals the interactions to the two periods: what chance alone moves is subtracted.
    """
    has_text = np.asarray(vectors.any(axis=1))
    known = has_text[item]
    n = len(vectors)
    before, now = (
        np.bincount(item[rows & known], minlength=n) for rows in (periods.before, periods.now)
    )
    both = before + now
    seen = np.flatnonzero(both)
    if min(before.sum(), now.sum()) < FEWEST:
        return too_few(what)
    used = vectors[seen].astype(np.float64)
    used -= both[seen] @ used / both.sum()
    spread = float(both[seen] @ (used**2).sum(axis=1)) / both.sum()
    if spread == 0:
        return too_few(what)
    dealt = generator.multivariate_hypergeometric(
        both[seen], int(now.sum()), _DEALS, method="marginals"
    )
    # The mean of all is 0, so the mean before follows from the one now.
    moved = np.vstack([now[seen], dealt]) @ used / now.sum() * both.sum() / before.sum()
    squared = (moved**2).sum(axis=1) / spread
    p = (1 + int((squared[1:] >= squared[0]).sum())) / (1 + _DEALS)
    size = math.sqrt(max(0.0, float(squared[0] - squared[1:].mean())))
    counts = float((before > 0).sum()), float((now > 0).sum())
    return Drift(what, "different items", *counts, "shift of the mean", size, p, "steady")


def too_few(what: str) -> Drift:
    """A comparison that cannot be made."""
    nan = math.nan
    return Drift(what, "", nan, nan, "", nan, nan, "too few to tell")


def judged(row: Drift) -> Drift:
    """The comparison with its verdict."""
    if row.verdict == "too few to tell":
        return row
    some, strong = _LIMITS[row.measure]
    if row.p > SIGNIFICANT or abs(row.size) < some:
        return row
    return replace(row, verdict="strong drift" if abs(row.size) >= strong else "some drift")
