"""Drift: are the newest interactions like those before them, and does the served model know them?

The newest ``days`` are compared with the ``before_days`` that precede them. With enough rows every
difference is significant, so its size decides, and the p-value only keeps noise out.

| what | size | test |
|---|---|---|
| interactions or people a day | log2(now / before) | Mann-Whitney over days |
| ratings, prices | largest distance of the cumulative shares (KS) | Kolmogorov-Smirnov |
| items, categories | Jensen-Shannon divergence in bits, less its mean by chance | permutation |
| texts | shift of the mean vector in standard deviations, less that by chance | permutation |

The divergence of counts n and b with shares p and q is H((p + q) / 2) - (H(p) + H(q)) / 2, H the
entropy. Two samples of one distribution differ, too, the more the fewer they are: what rows that
are dealt to the two periods at random have on average is subtracted. p-values are corrected for
their number by Holm's procedure.

Reference: Lin, "Divergence measures based on the Shannon entropy" (1991).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
from scipy.stats import mannwhitneyu

from recsys_lib.data.interactions import Interactions
from recsys_lib.loop.comparisons import (
    FEWEST,
    Drift,
    distance,
    divergence_of,
    judged,
    shift_of,
    too_few,
)
from recsys_lib.loop.periods import Periods, fact
from recsys_lib.significance import holm


def drift(
    interactions: Interactions,
    products: pl.DataFrame,
    days: int,
    before_days: int,
    *,
    seed: int,
    vectors: np.ndarray | None = None,
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
    vectors
        Of the texts of items, float, shape (items, dimension), zeros without a text; None leaves
        them out.

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
    generator = np.random.default_rng(seed)
    found = [
        *_activity(interactions, periods),
        *_values(interactions, periods, products),
        *_shares(interactions, periods, products, generator),
    ]
    if vectors is not None:
        found.append(shift_of("texts of items", interactions.item, vectors, periods, generator))
    corrected = iter(holm(np.array([row.p for row in found if not math.isnan(row.p)])))
    return [judged(r if math.isnan(r.p) else replace(r, p=float(next(corrected)))) for r in found]


def _activity(interactions: Interactions, periods: Periods) -> Iterator[Drift]:
    day = periods.age(interactions.timestamp)
    once = pl.struct("user", "day").is_first_distinct()
    first = pl.select(user=interactions.user, day=day).select(once).to_series().to_numpy()
    for what, time in (
        ("activity", interactions.timestamp),
        ("people", interactions.timestamp[first]),
    ):
        before, now = periods.daily(time)
        if min(before.sum(), now.sum()) < FEWEST:
            yield too_few(what)
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
        yield distance("ratings", "mean", rating[periods.before], rating[periods.now])
    price = fact(interactions, products, "price").to_numpy()
    if not np.isnan(price).all():
        before, now = (
            price[rows][~np.isnan(price[rows])] for rows in (periods.before, periods.now)
        )
        yield distance("prices", "median", before, now)


def _shares(
    interactions: Interactions,
    periods: Periods,
    products: pl.DataFrame,
    generator: np.random.Generator,
) -> Iterator[Drift]:
    item = interactions.item
    yield divergence_of(
        "popularity of items", "different items", item, periods, generator, "divergence of items"
    )
    category = fact(interactions, products, "category")
    if category.null_count() < len(category):
        codes = category.rank("dense").fill_null(0).to_numpy().astype(np.int64)
        yield divergence_of("categories", "different categories", codes, periods, generator)
