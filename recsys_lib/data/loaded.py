"""A dataset after reading and cleaning, and what became of every line."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.data._views import View, view
from recsys_lib.data.cleaning.duplicates import LatestRatings
from recsys_lib.data.cleaning.notation import Notation
from recsys_lib.data.cleaning.products import Catalogue
from recsys_lib.data.cleaning.unreadable import UnreadableFields
from recsys_lib.data.counts import Counts
from recsys_lib.data.formats.records import Rejected, count_reasons
from recsys_lib.data.inputs import InputFiles
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.signals import Ties, event_counts, ties_of
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

Funnel = list[dict[str, int | str]]
"""``[{what, rows}]``: rows at the start, minus rows for each loss, rows that are left."""
_SUPERSEDED = "superseded by a later rating"


@dataclass(frozen=True)
class LoadedRatings:
    """Ratings in the form of the table ``user_item_rating``, and what became of every line.

    Parameters
    ----------
    latest: one row per (user, item).
    distinct: all rows but repeated ones, columns ``InputFiles.review_columns``.
    rejected: rejected lines.
    n_lines, n_exact_duplicates: lines read; repeated lines. ``n_lines`` with ``n_more`` and
        ``n_added`` is the sum of rows kept, lines rejected, exact duplicates, superseded ratings
        and ``n_forgotten``.
    n_more: items beyond the first one in the lists of lines, such as the items of an order.
    n_repaired: lines that are read although they are not quite well-formed.
    timestamp_unit: ms, s, us, ns, mixed or order, as in the files, or none; the frame has ms, the
        plain order, or 0 where there are no times.
    has_ratings: whether the files hold ratings.
    unreadable: values of the ratings that cannot be read, and are missing in the frame.
    notations: how each file writes its values.
    n_added, n_forgotten: rows that updates added; rows of users who are forgotten.
    """

    latest: LatestRatings
    distinct: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int
    n_more: int
    n_repaired: int
    n_exact_duplicates: int
    timestamp_unit: str
    has_ratings: bool
    unreadable: UnreadableFields
    notations: Mapping[Path, Notation]
    n_added: int = 0
    n_forgotten: int = 0

    @property
    def frame(self) -> pl.DataFrame:
        """Columns ``Ratings.ALL``, by user, then by time; within a moment by a hash."""
        return self.latest.frame

    @property
    def n_superseded(self) -> int:
        """Number of earlier ratings of an item that the same user rated again."""
        return self.latest.n_superseded

    def interactions(self) -> Interactions:
        """The ratings as arrays."""
        return interactions_of(self.latest)

    def funnel(self) -> Funnel:
        """From lines read to ratings kept."""
        losses = count_reasons(self.rejected)
        losses["exact duplicates"] = self.n_exact_duplicates
        joined = "joined with a later event" if self.latest.event_types else _SUPERSEDED
        losses[joined] = self.n_superseded
        steps: Funnel = [{"what": "lines read", "rows": self.n_lines}]
        if self.n_more:
            steps.append({"what": "further items in the lists of lines", "rows": self.n_more})
        if self.n_added:
            steps.append({"what": "added by updates", "rows": self.n_added})
        if self.n_forgotten:
            steps.append({"what": "of users who are forgotten", "rows": -self.n_forgotten})
        steps += [{"what": what, "rows": -n} for what, n in losses.items() if n]
        return [*steps, {"what": "ratings kept", "rows": len(self.frame)}]


def interactions_of(latest: LatestRatings) -> Interactions:
    """The last ratings as arrays.

    Where nobody rates, each counts as 1. Where events without a rating stand beside ratings, each
    counts as the median rating: 1 would say that the item was disliked.
    """
    ratings = latest.frame[Ratings.RATING]
    usual = ratings.median()
    return Interactions(
        users=IdMap(latest.users),
        items=IdMap(latest.items),
        user=latest.user_rows,
        item=latest.item_rows,
        rating=ratings.fill_null(1.0 if usual is None else usual).to_numpy().astype(np.float32),
        timestamp=latest.frame[Ratings.TIMESTAMP].to_numpy(),
        count=latest.count,
        events=latest.events,
        event_types=latest.event_types,
    )


@dataclass(frozen=True)
class Loaded:
    """A dataset read and cleaned, not yet stored.

    Parameters
    ----------
    inputs: the files it was read from.
    reading: "everything" (and why), or "what is new".
    products: the catalogue, which may still be read while the ratings are used.
    prints: ``[{path, sha256}]`` of the files, which may still be computed as well.
    updates: SHA-256 of what updates added, by file.
    """

    dataset: Dataset
    parameters: EtlParameters
    inputs: InputFiles
    ratings: LoadedRatings
    reading: str
    products: Future[Catalogue]
    prints: Future[list[dict[str, str]]]
    updates: Mapping[str, str]

    @property
    def catalogue(self) -> Catalogue:
        """The products; InputDataError when the product files cannot be used."""
        return self.products.result()

    @property
    def files(self) -> list[dict[str, str]]:
        """``[{path, sha256}]``; InputDataError when a file changed while it was read."""
        return self.prints.result()

    @cached_property
    def view(self) -> View:
        """The interactions that the models see."""
        unit = self.ratings.timestamp_unit
        if not self.inputs.has_interactions:  # a catalogue alone: there is nothing to filter
            return View(self.ratings.interactions(), [])
        return view(self.ratings.frame, self.ratings.interactions(), self.parameters, unit)

    @cached_property
    def ties(self) -> Ties:
        """Equal times within users, of the interactions that the models see."""
        return ties_of(self.view.interactions)

    @property
    def events(self) -> dict[str, int]:
        """Type of event -> interactions with it that the models see; {} without events."""
        return event_counts(self.view.interactions)

    def shown(self, path: Path) -> str:
        """Where an input file is: its URL, or its path without the folders of this machine."""
        is_here = path not in self.inputs.origins
        return self.dataset.shown(path) if is_here else self.inputs.place(path)

    def funnel(self) -> Funnel:
        """From lines read to the interactions that the models see."""
        filters = self.view.funnel
        left: Funnel = [{"what": "seen by the models", "rows": len(self.view.interactions)}]
        return self.ratings.funnel() + (filters + left if filters else [])

    def counts(self) -> Counts:
        """What the summary and the report say of the dataset in numbers."""
        rated, seen = self.ratings.latest.items, self.view.interactions
        known = self.catalogue.frame[Products.ITEM]
        return {
            "lines": self.ratings.n_lines,
            "line_items": self.ratings.n_more,
            "repaired_lines": self.ratings.n_repaired + self.catalogue.n_repaired,
            "kept": len(self.ratings.frame),
            "rejected": len(self.ratings.rejected),
            "exact_duplicates": self.ratings.n_exact_duplicates,
            "superseded": self.ratings.n_superseded,
            "interactions": len(seen),
            "repeated_interactions": int((seen.count > 1).sum()),
            "tied_interactions": self.ties.interactions,
            "users": len(seen.users),
            "items": len(seen.items),
            "products": len(known),
            "rejected_products": len(self.catalogue.rejected),
            "duplicate_products": self.catalogue.n_duplicates,
            "products_without_title": self.catalogue.frame[Products.TITLE].null_count(),
            "products_without_reviews": int((~known.is_in(rated.implode())).sum()),
            "reviewed_unknown_products": int((~rated.is_in(known.implode())).sum()),
            "unreadable_prices": self._unreadable(Products.PRICE),
            "unreadable_titles": self._unreadable(Products.TITLE),
            "unreadable_values": sum(int(entry["values"]) for entry in self.unreadable()),
        }

    def unreadable(self) -> list[dict[str, int | str]]:
        """``[{field, values, example}]``: values that are there, but could not be read."""
        tables = (("ratings", self.ratings.unreadable), ("products", self.catalogue.unreadable))
        return [
            {"field": f"{table}.{name}", "values": lost.values, "example": lost.example}
            for table, fields in tables
            for name, lost in fields.items()
        ]

    def _unreadable(self, column: str) -> int:
        lost = self.catalogue.unreadable.get(column)
        return lost.values if lost else 0
