"""Drift: are the newest interactions like those before them, and does the served model know them?

The newest ``days`` are compared with the ``before_days`` that precede them. With enough rows every
difference is significant, so its size decides, and the p-value only keeps noise out.

| what | size | test |
|---|---|---|
| interactions or people a day | log2(now / before) | Mann-Whitney over days |
| ratings, prices | largest distance of the cumulative shares (KS) | Kolmogorov-Smirnov |
| items, categories | Jensen-Shannon divergence in bits, less its mean by chance | permutation |

The divergence of counts n and b with shares p and q is H((p + q) / 2) - (H(p) + H(q)) / 2, H the
entropy. Two samples of one distribution differ, too, the more the fewer they are: what rows that
are dealt to the two periods at random have on average is subtracted. p-values are corrected for
their number by Holm's procedure.

Reference: Lin, "Divergence measures based on the Shannon entropy" (1991).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from scipy.stats import ks_2samp, mannwhitneyu

from recsys_lib.data.interactions import Interactions
from recsys_lib.loop.divergence import divergence
from recsys_lib.loop.periods import Periods, fact
from recsys_lib.significance import SIGNIFICANT, holm

DriftVerdict = Literal["steady", "some drift", "strong drift", "too few to tell"]
_FEWEST = 100  # rows of a period
_DEALS = 199
_LIMITS = {
    "log2 ratio": (0.5, 1.0),
    "KS distance": (0.1, 0.2),
    "divergence of items": (0.1, 0.25),
    "divergence": (0.02, 0.05),
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
            return f"{self.what}: fewer than {_FEWEST} rows before or now, too few to tell"
        return (
            f"{self.what}: {self.unit} {self.before:,.4g} before, {self.now:,.4g} now "
            f"({self.measure} {self.size:.2f}): {self.verdict}"
        )


def drift(
    interactions: Interactions, products: pl.DataFrame, days: int, before_days: int, *, seed: int
) -> list[Drift]:
    """Compare the newest interactions with those before.

    Parameters
    ----------
    interactions
        What the models see, with times.
    products
        Columns id, price and category, see :func:`product_facts`; it may lack products.
    days, before_days
        Lengths of the two periods.
    seed
        Of the permutations.

    Returns
    -------
    list of Drift
        Empty where times are missing, or where nothing is older than ``days``.
    """
    if not interactions.has_times:
        return []
    periods = Periods.of(interactions.timestamp, days, before_days)
    if not periods.before_days or not periods.before.any():
        return []
    found = [
        *_activity(interactions, periods),
        *_values(interactions, periods, products),
        *_shares(interactions, periods, products, np.random.default_rng(seed)),
    ]
    corrected = iter(holm(np.array([row.p for row in found if not math.isnan(row.p)])))
    return [_judged(r if math.isnan(r.p) else replace(r, p=float(next(corrected)))) for r in found]


def _activity(interactions: Interactions, periods: Periods) -> Iterator[Drift]:
    day = periods.age(interactions.timestamp)
    once = pl.struct("user", "day").is_first_distinct()
    first = pl.select(user=interactions.user, day=day).select(once).to_series().to_numpy()
    for what, time in (
        ("activity", interactions.timestamp),
        ("people", interactions.timestamp[first]),
    ):
        before, now = periods.daily(time)
        if min(before.sum(), now.sum()) < _FEWEST:
            yield _too_few(what)
            continue
        size = math.log2(now.mean() / before.mean())
        p = float(mannwhitneyu(before, now).pvalue)
        unit = "people a day" if what == "people" else "interactions a day"
        yield Drift(what, unit, before.mean(), now.mean(), "log2 ratio", size, p, "steady")


def _values(
    interactions: Interactions, periods: Periods, products: pl.DataFrame
) -> Iterator[Drift]:
    if interactions.mean_ratings() is not None:
        rating = interactions.rating.astype(np.float64)
        yield _distance("ratings", "mean", rating[periods.before], rating[periods.now])
    price = fact(interactions, products, "price").to_numpy()
    if not np.isnan(price).all():
        before, now = (
            price[rows][~np.isnan(price[rows])] for rows in (periods.before, periods.now)
        )
        yield _distance("prices", "median", before, now)


def _shares(
    interactions: Interactions,
    periods: Periods,
    products: pl.DataFrame,
    generator: np.random.Generator,
) -> Iterator[Drift]:
    item = interactions.item
    yield _divergence(
        "popularity of items", "different items", item, periods, generator, "divergence of items"
    )
    category = fact(interactions, products, "category")
    if category.null_count() < len(category):
        codes = category.rank("dense").fill_null(0).to_numpy().astype(np.int64)
        yield _divergence("categories", "different categories", codes, periods, generator)


def _distance(what: str, unit: str, before: np.ndarray, now: np.ndarray) -> Drift:
    if min(len(before), len(now)) < _FEWEST:
        return _too_few(what)
    test = ks_2samp(before, now)
    middle = np.mean if unit == "mean" else np.median
    values = float(middle(before)), float(middle(now))
    return Drift(
        what, unit, *values, "KS distance", float(test.statistic), float(test.pvalue), "steady"
    )


def _divergence(
    what: str,
    unit: str,
    codes: np.ndarray,
    periods: Periods,
    generator: np.random.Generator,
    measure: str = "divergence",
) -> Drift:
    n = int(codes.max()) + 1
    before, now = (np.bincount(codes[rows], minlength=n) for rows in (periods.before, periods.now))
    if min(before.sum(), now.sum()) < _FEWEST:
        return _too_few(what)
    both = before + now
    seen = both[both > 0]
    dealt = generator.multivariate_hypergeometric(seen, int(now.sum()), _DEALS, method="marginals")
    by_chance = np.array([divergence(seen - deal, deal) for deal in dealt])
    found = divergence(before, now)
    p = (1 + int((by_chance >= found).sum())) / (1 + _DEALS)
    size = max(0.0, found - float(by_chance.mean()))
    counts = float((before > 0).sum()), float((now > 0).sum())
    return Drift(what, unit, *counts, measure, size, p, "steady")


def _too_few(what: str) -> Drift:
    nan = math.nan
    return Drift(what, "", nan, nan, "", nan, nan, "too few to tell")


def _judged(row: Drift) -> Drift:
    if row.verdict == "too few to tell":
        return row
    some, strong = _LIMITS[row.measure]
    if row.p > SIGNIFICANT or abs(row.size) < some:
        return row
    return replace(row, verdict="strong drift" if abs(row.size) >= strong else "some drift")
