"""The last ratings of all pairs after a change: of everybody, or of those who changed alone."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data._splicing import can_splice, spliced
from recsys_lib.data._views import view
from recsys_lib.data.additions import Additions
from recsys_lib.data.cleaning.duplicates import LatestRatings, latest_ratings
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.loaded import interactions_of
from recsys_lib.data.stored import StoredData

UNFINISHED = "unfinished-update"
"""In the folder of the stored data while its files are replaced, which a kill may interrupt."""


@dataclass(frozen=True)
class LastRatings:
    """The last ratings after a change.

    Parameters
    ----------
    interactions: what the models see.
    frame: columns ``Ratings.ALL``, at least of all users who changed.
    kept, superseded: ratings that count, and earlier ones of the same pairs.
    items: ids of all rated items.
    """

    interactions: Interactions
    frame: pl.DataFrame
    kept: int
    superseded: int
    items: pl.Series

    @classmethod
    def of_all(cls, latest: LatestRatings, stored: StoredData) -> LastRatings:
        """From the ratings of all users, with the filters of the etl step."""
        unit = stored.summary["timestamp_unit"]
        seen = view(latest.frame, interactions_of(latest), stored.parameters, unit)
        kept, frame = len(latest.frame), latest.frame
        return cls(seen.interactions, frame, kept, latest.n_superseded, latest.items)


def after_updates(
    stored: StoredData, additions: Additions, done: set[str], new: pl.DataFrame
) -> LastRatings:
    """The last ratings with those of updates that were not applied yet, which are ``new``.

    Where users do not depend on each other, only those with new ratings are looked at.
    """
    unfinished = (stored.dataset.processed / UNFINISHED).exists()
    alone = can_splice(stored.rows, new, stored.form.has_ratings, stored.parameters)
    if unfinished or not alone:
        return LastRatings.of_all(stored.latest(additions), stored)
    users = new[Ratings.USER].unique()
    others = {part.name for part in additions.parts} - done
    before = pl.concat([stored.rows, additions.rows(stored.form, but=others)])
    mine = before.filter(pl.col(Ratings.USER).is_in(users.implode()))
    latest = latest_ratings(pl.concat([mine, new], rechunk=True))
    old = Interactions.load(stored.dataset.processed)
    interactions = spliced(old, latest)
    n_new = int((~latest.repeated[len(mine) :]).sum())
    superseded = stored.summary["counts"]["superseded"] + n_new - (len(interactions) - len(old))
    items = interactions.items.series()
    return LastRatings(interactions, latest.frame, len(interactions), superseded, items)
