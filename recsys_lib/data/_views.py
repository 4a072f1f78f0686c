"""Filters over the interactions: which of them the models see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.units import NONE, ORDER
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EtlParameters

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class View:
    """The interactions that passed all filters.

    ``funnel`` is ``[{what, rows}]``: minus the number of ratings that each filter removed.
    """

    interactions: Interactions
    funnel: list[dict[str, int | str]]


def view(
    ratings: pl.DataFrame, interactions: Interactions, parameters: EtlParameters, unit: str
) -> View:
    """Apply the filters in the order of the parameters; ``ratings`` has the same rows.

    Raises ParameterError for dates where there are none, InputDataError when nothing is left.
    """
    kept = np.ones(len(interactions), dtype=bool)
    funnel: list[dict[str, int | str]] = []

    def apply(what: str, passed: np.ndarray) -> None:
        nonlocal kept
        funnel.append({"what": what, "rows": -int((kept & ~passed).sum())})
        kept = kept & passed

    if parameters.verified_only:
        apply("not a verified purchase", (ratings[Ratings.VERIFIED].fill_null(0) == 1).to_numpy())
    if parameters.min_rating:
        apply(
            f"rated below {parameters.min_rating:g}", interactions.rating >= parameters.min_rating
        )
    if parameters.since:
        apply(
            f"before {parameters.since}", interactions.timestamp >= _moment(parameters.since, unit)
        )
    if parameters.until:
        end = _moment(parameters.until, unit, after=_DAY)
        apply(f"after {parameters.until}", interactions.timestamp < end)
    if parameters.sample_users:
        apply("of users outside the sample", _sampled(interactions, kept, parameters))
    least = (parameters.min_user_ratings, parameters.min_item_ratings)
    if least != (1, 1):
        words = "of users with fewer than {} or items with fewer than {} ratings".format(*least)
        apply(words, core(interactions, kept, *least))
    if not kept.any():
        raise InputDataError(
            "the filters leave no rating, relax them: "
            + "; ".join(f"{step['rows']:,} {step['what']}" for step in funnel)
        )
    return View(_restricted(interactions, kept) if funnel else interactions, funnel)


def core(interactions: Interactions, kept: np.ndarray, per_user: int, per_item: int) -> np.ndarray:
    """bool, shape (n,): the largest part of the rows in which all users and items have enough.

    Removing a user may leave an item with too few ratings, so both filters are repeated until
    nothing changes: the k-core of the bipartite graph. Reference: Seidman (1983).
    """
    kept = kept.copy()
    while True:
        before = kept.sum()
        for rows, least in ((interactions.user, per_user), (interactions.item, per_item)):
            kept &= (np.bincount(rows[kept], minlength=int(rows.max()) + 1) >= least)[rows]
        if kept.sum() == before:
            return kept


def _sampled(interactions: Interactions, kept: np.ndarray, parameters: EtlParameters) -> np.ndarray:
    users = np.unique(interactions.user[kept])
    n = min(parameters.sample_users, len(users))
    chosen = np.random.default_rng(parameters.seed).choice(users, n, replace=False)
    return np.isin(interactions.user, chosen)


def _moment(day: str, unit: str, after: timedelta = timedelta()) -> int:
    """The first millisecond of a day in UTC, plus ``after``."""
    if unit == NONE:
        raise ParameterError(
            "etl.since and etl.until need dates, but this dataset has no times: leave both empty, "
            "or name their column in etl.columns ({timestamp: NAME})"
        )
    if unit == ORDER:
        raise ParameterError(
            "etl.since and etl.until need dates, but the times of this dataset are only an order: "
            "leave both empty, or correct etl.timestamp_unit"
        )
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + after
    return int(start.timestamp() * 1000)


def _restricted(interactions: Interactions, kept: np.ndarray) -> Interactions:
    """The kept rows, with only the ids that occur in them."""
    rows = interactions.select(kept)
    (users, user), (items, item) = (
        np.unique(numbers, return_inverse=True) for numbers in (rows.user, rows.item)
    )
    return replace(
        rows,
        users=IdMap(interactions.users.series().gather(users)),
        items=IdMap(interactions.items.series().gather(items)),
        user=user.astype(np.int32),
        item=item.astype(np.int32),
    )
