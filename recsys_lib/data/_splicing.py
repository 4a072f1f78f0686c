"""Interactions after an update of some users, without counting those of all others again."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.duplicates import LatestRatings
from recsys_lib.data.cleaning.ordering import order_within_moments
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EtlParameters

_FILTERS = (
    "verified_only",
    "min_rating",
    "since",
    "until",
    "sample_users",
    "min_user_ratings",
    "min_item_ratings",
)


def can_splice(
    rows: pl.DataFrame, added: pl.DataFrame, has_ratings: bool, parameters: EtlParameters
) -> bool:
    """Whether the interactions of a user depend on no other user.

    They do where filters count ratings, where a missing rating stands for the median, and where
    the numbers of event types depend on all of them.
    """
    defaults = EtlParameters.model_validate({})
    if any(getattr(parameters, name) != getattr(defaults, name) for name in _FILTERS):
        return False
    if Ratings.EVENT in rows.columns:
        return False
    missing = rows[Ratings.RATING].null_count() + added[Ratings.RATING].null_count()
    return not (has_ratings and missing)


def spliced(old: Interactions, latest: LatestRatings) -> Interactions:
    """Interactions in which those of some users are replaced by their ``latest`` ratings.

    Both have their ids sorted, and so has the result; ties within a moment are ordered again,
    since the numbers of users and items decide them.
    """
    users, user_of_old = _merged(old.users.series(), latest.users)
    items, item_of_old = _merged(old.items.series(), latest.items)
    of_latest = users.search_sorted(latest.users).to_numpy()
    replaced = np.zeros(len(users), dtype=bool)
    replaced[of_latest] = True
    kept = ~replaced[user_of_old[old.user]]
    new_items = items.search_sorted(latest.items).to_numpy()[latest.item_rows]
    user = np.concatenate([user_of_old[old.user[kept]], of_latest[latest.user_rows]])
    item = np.concatenate([item_of_old[old.item[kept]], new_items])
    rating = latest.frame[Ratings.RATING].fill_null(1.0).to_numpy().astype(np.float32)
    time = np.concatenate([old.timestamp[kept], latest.frame[Ratings.TIMESTAMP].to_numpy()])
    order = np.argsort(user, kind="stable")  # two sorted parts: this merges them
    order = order[order_within_moments(user[order], item[order], time[order])]
    return Interactions(
        users=IdMap(users),
        items=IdMap(items),
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        rating=np.concatenate([old.rating[kept], rating])[order],
        timestamp=time[order],
        count=np.concatenate([old.count[kept], latest.count])[order],
        events=np.concatenate([old.events[kept], latest.events])[order],
    )


def _merged(old: pl.Series, more: pl.Series) -> tuple[pl.Series, np.ndarray]:
    """Sorted ids of both, and the position in them of each old one."""
    at = old.search_sorted(more).to_numpy()
    there = (old.gather(np.minimum(at, len(old) - 1)) == more).to_numpy()
    added, at = more.filter(~there), at[~there]
    of_old = np.arange(len(old)) + np.searchsorted(at, np.arange(len(old)), side="right")
    order = np.empty(len(old) + len(added), dtype=np.int64)
    order[of_old] = np.arange(len(old))
    order[at + np.arange(len(added))] = len(old) + np.arange(len(added))
    both = pl.concat([old.alias("id"), added.alias("id")], rechunk=True)
    return both.gather(order), of_old
