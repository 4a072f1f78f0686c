"""What to watch for in a dataset, in sentences that come from its numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.loaded import Loaded
from recsys_lib.data.times import ORDER

_MANY, _FEW, _SHARED_DAY = 0.5, 0.05, 0.2
_DAY = 86_400_000  # ms
_EARLIEST = 9131  # 1995-01-01 in days since 1970


def watch_for(loaded: Loaded) -> list[str]:
    """Sentences about what will make recommending or searching harder; [] for nothing."""
    return [*_users(loaded), *_items(loaded), *_times(loaded), *_catalogue(loaded)]


def _users(loaded: Loaded) -> Iterator[str]:
    seen = loaded.view.interactions
    alone = np.bincount(seen.user) == 1
    if alone.mean() > _MANY:
        yield (
            f"{alone.mean():.0%} of the users have a single rating: they cannot be tested, and "
            "there is little to learn from each of them."
        )


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
    bare = products[Products.DESCRIPTION].is_null() & products[Products.FEATURES].is_null()
    if bare.sum() > _MANY * len(bare):
        yield f"{bare.sum():,} products have a title only: search has little to go by."
