"""Bring the stored data of a dataset in step with its updates, without reading its files again.

The result is that of a full load, to the last bit, since the same functions make it of the same
rows: those that the last load kept in ``rows.parquet``, and the added ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.data._background import in_background
from recsys_lib.data._splicing import can_splice, spliced
from recsys_lib.data._views import view
from recsys_lib.data.additions import Additions, Form
from recsys_lib.data.cleaning.duplicates import LatestRatings, latest_ratings
from recsys_lib.data.database import delete_users, merge_into_database, reading
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.loaded import interactions_of
from recsys_lib.data.signals import event_counts
from recsys_lib.data.summary import data_fingerprint, read_summary, write_summary
from recsys_lib.errors import ArtifactError, InputDataError
from recsys_lib.files import writing
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import ROWS_FILE, Dataset

_UNFINISHED = ".unfinished"
"""In the folder of the stored data while its files are replaced, which a kill may interrupt."""
_POSITION = "__position__"
_UNKNOWN = "was written by an earlier release"


@dataclass(frozen=True)
class StoredData:
    """The stored data of a dataset, as the last load or update left them.

    Parameters
    ----------
    summary: of the last load, with the counts of now.
    rows: distinct rows of the files and of the updates before the last load.
    """

    dataset: Dataset
    summary: dict[str, Any]
    rows: pl.DataFrame

    @classmethod
    def load(cls, dataset: Dataset) -> StoredData:
        """Read them; ArtifactError says to run the etl step where they are missing."""
        summary, path = read_summary(dataset.processed), dataset.processed / ROWS_FILE
        if "parameters" not in summary or not path.is_file():
            raise ArtifactError(
                f"{dataset.processed} {_UNKNOWN}: run the etl step again "
                "(python run_pipeline.py --steps etl --force, or notebooks/01_etl.ipynb)"
            )
        return cls(dataset, summary, pl.read_parquet(path, glob=False))

    @property
    def form(self) -> Form:
        """What the files say of interactions."""
        return form_of(self.summary)

    @property
    def parameters(self) -> EtlParameters:
        """Of the last load."""
        return EtlParameters.model_validate(self.summary["parameters"])

    def latest(self, additions: Additions) -> LatestRatings:
        """The last rating of each pair, among these rows and those of all updates."""
        return latest_ratings(pl.concat([self.rows, additions.rows(self.form)], rechunk=True))

    def new_among(self, rows: pl.DataFrame, additions: Additions) -> pl.DataFrame:
        """Those of ``rows`` that neither the files nor an update have."""
        fitted = self.form.fit(rows).with_row_index(_POSITION)
        users = rows[Ratings.USER].unique().implode()
        mine = self.rows.filter(pl.col(Ratings.USER).is_in(users))
        known = pl.concat([mine, additions.rows(self.form)])
        new = fitted.join(known, on=self.form.columns, how="anti", nulls_equal=True)
        new = new.unique(self.form.columns, keep="first")
        return rows[new[_POSITION].sort()]


@dataclass(frozen=True)
class AppliedUpdates:
    """What updates changed.

    Parameters
    ----------
    interactions: all that the models see now.
    summary: of the data now.
    n_pairs: (user, item) pairs that are new or were changed.
    new_products: ids of products that the catalogue did not have.
    """

    interactions: Interactions
    summary: dict[str, Any]
    n_pairs: int
    new_products: list[str]


def form_of(summary: dict[str, Any]) -> Form:
    """What the files of a dataset say of interactions, from its summary."""
    given = summary["review_columns"]
    optional = (name for name in Ratings.OPTIONAL if given.get(name))
    columns = (*Ratings.ALL, *optional)
    return Form(columns, summary["has_ratings"], summary["timestamp_unit"])


def apply_updates(stored: StoredData) -> AppliedUpdates:
    """Add to the stored data what the updates have and the data have not.

    Database, interactions and summary are then those of a full load. After a kill, the next call
    completes what this one began. StorageError if a file cannot be written; the call can be
    repeated.
    """
    dataset, additions = stored.dataset, Additions(stored.dataset.updates)
    done = {Path(name).parts[0] for name in stored.summary["updates"]}
    products = _new_products(dataset, additions, done)
    new = additions.rows(stored.form, but=done)
    pairs = new.select(Ratings.USER, Ratings.ITEM).unique()
    found = _after(stored, additions, done, new)
    changed = found.frame.join(pairs, on=pairs.columns, how="semi")
    merged = in_background(merge_into_database, dataset.database, changed, products)
    try:
        with _waiting(dataset, found.interactions):
            merged.result()
    finally:
        wait([merged])
    summary = _refresh(stored, additions, found)
    new_products = products[Products.ITEM].to_list()
    return AppliedUpdates(found.interactions, summary, len(changed), new_products)


def remove_users(dataset: Dataset, users: Sequence[str]) -> tuple[AppliedUpdates, int]:
    """Remove users from the stored data; those, and how many of their ratings there were.

    InputDataError where nobody would be left.
    """
    stored, additions = StoredData.load(dataset), Additions(dataset.updates)
    left = replace(stored, rows=stored.rows.filter(~pl.col(Ratings.USER).is_in(users)))
    latest = left.latest(additions)
    if latest.frame.is_empty():
        raise InputDataError(
            "nobody else has interactions: remove the dataset's folders in data/ and models/",
            file=dataset.processed,
        )
    found = _Found.of_all(latest, stored)
    with _waiting(dataset, found.interactions, left.rows):
        deleted = delete_users(dataset.database, users)
    summary = _refresh(stored, additions, found)
    return AppliedUpdates(found.interactions, summary, 0, []), deleted


@dataclass(frozen=True)
class _Found:
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
    def of_all(cls, latest: LatestRatings, stored: StoredData) -> _Found:
        """From the ratings of all users, with the filters of the etl step."""
        unit = stored.summary["timestamp_unit"]
        seen = view(latest.frame, interactions_of(latest), stored.parameters, unit)
        kept, frame = len(latest.frame), latest.frame
        return cls(seen.interactions, frame, kept, latest.n_superseded, latest.items)


def _after(stored: StoredData, additions: Additions, done: set[str], new: pl.DataFrame) -> _Found:
    """The last ratings with those of updates that were not applied yet, which are ``new``.

    Where users do not depend on each other, only those with new ratings are looked at.
    """
    unfinished = (stored.dataset.processed / _UNFINISHED).exists()
    alone = can_splice(stored.rows, new, stored.form.has_ratings, stored.parameters)
    if unfinished or not alone:
        return _Found.of_all(stored.latest(additions), stored)
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
    return _Found(interactions, latest.frame, len(interactions), superseded, items)


@contextmanager
def _waiting(
    dataset: Dataset, interactions: Interactions, rows: pl.DataFrame | None = None
) -> Iterator[None]:
    """Files that take their places once the block has succeeded."""
    folder = dataset.processed
    with writing(folder), TemporaryDirectory(dir=folder, prefix=".") as name:
        if rows is not None:
            rows.write_parquet(Path(name, ROWS_FILE), compression_level=1)
        interactions.save(Path(name))
        yield
        (folder / _UNFINISHED).touch()
        for path in Path(name).iterdir():
            path.replace(folder / path.name)


def _new_products(dataset: Dataset, additions: Additions, done: set[str]) -> pl.DataFrame:
    """Added products that the files do not have."""
    added = additions.products()
    if added.is_empty():
        return added
    before = additions.products(only=done)[Products.ITEM].to_list()
    of_files = set(_product_ids(dataset)) - set(before)
    return added.filter(~pl.col(Products.ITEM).is_in(list(of_files)))


def _product_ids(dataset: Dataset) -> list[str]:
    with reading(dataset.database) as connection:
        found = connection.execute(f"SELECT {Products.ITEM} FROM {Products.TABLE}").fetchall()
    return [item for (item,) in found]


def _refresh(stored: StoredData, additions: Additions, found: _Found) -> dict[str, Any]:
    """Store the summary with new counts; the funnel stays that of the last load."""
    summary, updates = dict(stored.summary), additions.digests()
    known = pl.Series(_product_ids(stored.dataset), dtype=pl.String)
    interactions, items = found.interactions, found.items
    counts = summary["counts"] | {
        "kept": found.kept,
        "superseded": found.superseded,
        "interactions": len(interactions),
        "repeated_interactions": int((interactions.count > 1).sum()),
        "users": len(interactions.users),
        "items": len(interactions.items),
        "products": len(known),
        "products_without_reviews": int((~known.is_in(items.implode())).sum()),
        "reviewed_unknown_products": int((~items.is_in(known.implode())).sum()),
    }
    summary |= {
        "counts": counts,
        "updates": updates,
        "events": event_counts(interactions),
        "fingerprint": data_fingerprint(summary["files"], updates, stored.parameters),
        "metrics": summary["metrics"] | {f"etl.{name}": n for name, n in counts.items()},
    }
    write_summary(stored.dataset.processed, summary)
    (stored.dataset.processed / _UNFINISHED).unlink(missing_ok=True)
    return summary
