"""Checks of the data: what stops a load, and what to watch for in its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.cleaning.duplicates import MOST
from recsys_lib.data.cleaning.products import Catalogue
from recsys_lib.data.formats.records import Rejected, count_reasons, write_rejected
from recsys_lib.data.loaded import Loaded, LoadedRatings
from recsys_lib.data.units import DAY, ORDER
from recsys_lib.errors import InputDataError

_MANY, _FEW, _SHARED_DAY = 0.5, 0.05, 0.2  # shares
_THINNED = 3  # when every user has that many ratings, others were removed: raw data has users of 1
_TOP_HEAVY = 0.8


@dataclass
class Checks:
    """Check ratings, then products; each check raises InputDataError.

    Parameters
    ----------
    path: where rejected lines are written, first of all, so that they can be read afterwards.
    max_bad_share: the largest accepted share of rejected lines.
    """

    path: Path
    max_bad_share: float
    _rejected: list[Rejected] = field(default_factory=list)

    def ratings(self, files: Sequence[Path], ratings: LoadedRatings) -> None:
        """There are ratings, and few rejected lines."""
        self._check(files, ratings.rejected, ratings.n_lines)
        if files and ratings.frame.is_empty():
            raise InputDataError(
                f"no rating is left: {self.path} says why each line was rejected", file=files[0]
            )

    def products(self, files: Sequence[Path], catalogue: Catalogue) -> Catalogue:
        """Files of products hold records, and few rejected lines."""
        self._check(files, catalogue.rejected, catalogue.n_lines)
        return catalogue

    def _check(self, files: Sequence[Path], rejected: list[Rejected], n_lines: int) -> None:
        self._rejected += rejected
        write_rejected(self.path, self._rejected)
        if rejected and len(rejected) > self.max_bad_share * n_lines:
            usual = next(iter(count_reasons(rejected)))
            first = next(bad for bad in rejected if bad.reason == usual)
            raise InputDataError(
                f"{first.reason}; {len(rejected):,} of {n_lines:,} lines were rejected, more than "
                f"etl.max_bad_share ({self.max_bad_share:g}) allows: see {self.path}, then correct "
                "the file or raise etl.max_bad_share",
                file=first.file,
                line=first.line,
            )
        if files and n_lines == 0:
            raise InputDataError("the file holds no record: replace or remove it", file=files[0])


def watch_for(loaded: Loaded) -> list[str]:
    """Sentences about what will make recommendation or search harder; [] for nothing."""
    if not loaded.inputs.has_interactions:
        nobody = "There are no interactions: products can be searched, but nothing is recommended."
        return [nobody, *_rejected(loaded), *_bare(loaded), *_values(loaded)]
    checks = (_rejected, _users, _ratings, _items, _quantities, _times, _catalogue, _values)
    return [sentence for check in checks for sentence in check(loaded)]


def _rejected(loaded: Loaded) -> Iterator[str]:
    counts = loaded.counts()
    if n := counts["rejected"] + counts["rejected_products"]:
        yield f"{n:,} lines of the input were rejected: see what was dropped, and why."


def _users(loaded: Loaded) -> Iterator[str]:
    counts = np.bincount(loaded.view.interactions.user)
    alone = counts == 1
    if alone.mean() > _MANY:
        yield (
            f"{alone.mean():.0%} of the users have a single rating: they cannot be used for "
            "evaluation, and each of them teaches the models little."
        )
    if counts.min() >= _THINNED:
        yield (
            f"No user has fewer than {counts.min()} ratings: the data is a selection (k-core). "
            "Users of a real shop will be harder to serve than the results suggest."
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
            f"1% of the items have {top:.0%} of the ratings: the most-popular baseline will be "
            "strong, and the long tail hard to recommend."
        )
    rare = (counts < 5).mean()
    if rare > _MANY:
        yield f"{rare:.0%} of the items have fewer than 5 ratings: their texts have to help."


def _quantities(loaded: Loaded) -> Iterator[str]:
    if n := loaded.ratings.latest.n_capped:
        yield f"{n:,} quantities are more than {MOST:,}, and count as that many."


def _times(loaded: Loaded) -> Iterator[str]:
    if not loaded.inputs.has_times:
        yield (
            "There are no times: nothing is known about what came first, so models of order and a "
            "split by time have nothing to go by."
        )
    elif loaded.ratings.timestamp_unit != ORDER:
        days = loaded.ratings.frame[Ratings.TIMESTAMP] // DAY
        busiest = np.unique(days.to_numpy(), return_counts=True)[1].max() / len(days)
        if busiest > _SHARED_DAY:
            yield (
                f"{busiest:.0%} of the ratings are from one day: are these the times of an import?"
            )


def _catalogue(loaded: Loaded) -> Iterator[str]:
    counts, products = loaded.counts(), loaded.catalogue.frame
    if products.is_empty():
        yield "There are no products: the embed step and search need them."
        return
    unknown = counts["reviewed_unknown_products"]
    if unknown:  # the report warns of them, too
        yield f"{unknown:,} rated items are missing from the catalogue: they will have no title."
    unrated = counts["products_without_reviews"] / len(products)
    if unrated > _MANY:
        yield f"{unrated:.0%} of the products have no rating: only search by text can find them."
    yield from _bare(loaded)


def _bare(loaded: Loaded) -> Iterator[str]:
    products = loaded.catalogue.frame
    bare = products[Products.DESCRIPTION].is_null() & products[Products.FEATURES].is_null()
    if bare.sum() > _MANY * len(bare):
        yield f"{bare.sum():,} products have nothing but a title: search has little to go by."


def _values(loaded: Loaded) -> Iterator[str]:
    counts, n = loaded.counts(), max(len(loaded.catalogue.frame), 1)
    for name, what in (("unreadable_titles", "titles"), ("unreadable_prices", "prices")):
        if counts[name] > _FEW * n:  # type: ignore[literal-required]
            yield f"{counts[name]:,} {what} could not be read: see the table of unreadable values."  # type: ignore[literal-required]
