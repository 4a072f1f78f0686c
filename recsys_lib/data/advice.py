"""What to watch for in a dataset, in sentences that come from its numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.loaded import Loaded
from recsys_lib.data.times import ORDER

_MANY, _FEW, _SHARED_DAY = 0.5, 0.05, 0.2
_THINNED = 3  # ratings of every user; raw data always has users with one
_TOP_HEAVY = 0.8
_DAY = 86_400_000  # ms
_EARLIEST = 9131  # 1995-01-01 in days since 1970


def watch_for(loaded: Loaded) -> list[str]:
    """Sentences about what will make recommending or searching harder; [] for nothing."""
    parts = (_users, _ratings, _items, _times, _catalogue)
    return [sentence for part in parts for sentence in part(loaded)]


def _users(loaded: Loaded) -> Iterator[str]:
    counts = np.bincount(loaded.view.interactions.user)
    alone = counts == 1
    if alone.mean() > _MANY:
        yield (
            f"{alone.mean():.0%} of the users have a single rating: they cannot be tested, and "
            "there is little to learn from each of them."
        )
    if counts.min() >= _THINNED:
        yield (
            f"No user has fewer than {counts.min()} ratings: the data is a selection (k-core), and "
            "people in a shop will be harder to serve than the results say."
        )


def _ratings(loaded: Loaded) -> Iterator[str]:
    ratings = loaded.ratings.frame[Ratings.RATING].drop_nulls().to_numpy()
    if len(ratings) and (share := (ratings == ratings.max()).mean()) > _TOP_HEAVY:
        yield f"{share:.0%} of the ratings are {ratings.max():g}: they hardly tell tastes apart."


def _items(loaded: Loaded) -> Iterator[str]:
    seen = loaded.view.interactions
    counts = np.sort(np.bincount(seen.item))[::-1]
    top = counts[: max(1, len(counts) // 100)].sum() / counts.sum()
    if top > _MANY / 2:
        yield (
            f"1 % of the items have {top:.0%} of the ratings: most-popular will be a strong "
            "baseline, and the tail hard to recommend."
        )
    rare = (counts < 5).mean()
    if rare > _MANY:
        yield f"{rare:.0%} of the items have fewer than 5 ratings: text has to help there."


def _times(loaded: Loaded) -> Iterator[str]:
    if not loaded.source.has_times:
        yield "There are no times: the order of the lines stands in for them."
    elif loaded.ratings.timestamp_unit != ORDER:
        days = loaded.ratings.frame[Ratings.TIMESTAMP] // _DAY
        impossible = int(((days < _EARLIEST) | (days > time.time() * 1000 // _DAY + 1)).sum())
        if impossible:
            yield (
                f"{impossible:,} ratings are from before 1995 or from the future: are these times "
                "in another unit than the others?"
            )
        busiest = np.unique(days.to_numpy(), return_counts=True)[1].max() / len(days)
        if busiest > _SHARED_DAY:
            yield (
                f"{busiest:.0%} of the ratings are of one day: are the times those of an import?"
            )


def _catalogue(loaded: Loaded) -> Iterator[str]:
    counts, products = loaded.counts(), loaded.catalogue.frame
    if products.is_empty():
        yield "There are no products: search and the embed step have nothing to work on."
        return
    unknown = counts["reviewed_unknown_products"]
    if unknown > _FEW * counts["items"]:
        yield f"{unknown:,} rated items are not in the catalogue: they will have no title."
    unrated = counts["products_without_reviews"] / len(products)
    if unrated > _MANY:
        yield f"{unrated:.0%} of the products have no rating: only their texts can recommend them."
    bare = products[Products.DESCRIPTION].is_null() & products[Products.FEATURES].is_null()
    if bare.sum() > _MANY * len(bare):
        yield f"{bare.sum():,} products have a title only: search has little to go by."
