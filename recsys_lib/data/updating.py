"""Bring the stored data of a dataset in step with its updates, without reading its files again.

The result is that of a full load, to the last bit, since the same functions make it of the same
rows: those that the last load kept in ``rows.parquet``, and the added ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.data._background import in_background
from recsys_lib.data._latest import UNFINISHED, LastRatings, after_updates
from recsys_lib.data.additions import Additions
from recsys_lib.data.database import delete_users, merge_into_database, reading
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.signals import event_counts
from recsys_lib.data.stored import StoredData
from recsys_lib.data.summary import data_fingerprint, write_summary
from recsys_lib.errors import InputDataError
from recsys_lib.files import writing
from recsys_lib.paths import ROWS_FILE, Dataset


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


def apply_updates(stored: StoredData) -> AppliedUpdates:
    """Add to the stored data what the updates have and the data have not.

    Database, interactions and summary are then those of a full load. After a kill, the next call
    completes what this one began. StorageError if a file cannot be written; the call can be
    repeated.
    """
    dataset, additions = stored.dataset, Additions(stored.dataset.updates)
    done = {Path(name).parts[0] for name in stored.summary["updates"]}
    known = in_background(_product_ids, dataset)
    products = _new_products(additions, done, known)
    new = additions.rows(stored.form, but=done)
    pairs = new.select(Ratings.USER, Ratings.ITEM).unique()
    found = after_updates(stored, additions, done, new)
    changed = found.frame.join(pairs, on=pairs.columns, how="semi")
    merged = in_background(merge_into_database, dataset.database, changed, products)
    try:
        with _waiting(dataset, found.interactions):
            merged.result()
    finally:
        wait([merged])
    new_products = products[Products.ITEM].to_list()
    summary = _refresh(stored, additions, found, {*known.result(), *new_products})
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
    found = LastRatings.of_all(latest, stored)
    with _waiting(dataset, found.interactions, left.rows):
        deleted = delete_users(dataset.database, users)
    summary = _refresh(stored, additions, found, _product_ids(dataset))
    return AppliedUpdates(found.interactions, summary, 0, []), deleted


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
        (folder / UNFINISHED).touch()
        for path in Path(name).iterdir():
            path.replace(folder / path.name)


def _new_products(additions: Additions, done: set[str], known: Future[list[str]]) -> pl.DataFrame:
    """Products of updates that were not applied yet, which the files do not have."""
    added = additions.products({part.name for part in additions.parts} - done)
    if added.is_empty():
        return added
    before = additions.products(done)[Products.ITEM].to_list()
    of_files = set(known.result()) - set(before)
    return added.filter(~pl.col(Products.ITEM).is_in(list(of_files)))


def _product_ids(dataset: Dataset) -> list[str]:
    with reading(dataset.database) as connection:
        found = connection.execute(f"SELECT {Products.ITEM} FROM {Products.TABLE}").fetchall()
    return [item for (item,) in found]


def _refresh(
    stored: StoredData, additions: Additions, found: LastRatings, products: Collection[str]
) -> dict[str, Any]:
    """Store the summary with new counts; the funnel stays that of the last load.

    ``products`` are the ids of all products that the database has now.
    """
    summary, updates = dict(stored.summary), additions.digests()
    known = pl.Series(list(products), dtype=pl.String)
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
    (stored.dataset.processed / UNFINISHED).unlink(missing_ok=True)
    return summary
