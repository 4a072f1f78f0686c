"""The ETL step: files in, SQLite database and interactions out, every row accounted for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.catalogue import Catalogue, clean_products, empty_catalogue
from recsys_lib.data.cleaning import CleanRatings, clean_ratings, source_names
from recsys_lib.data.database import write_database
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.records import read_records
from recsys_lib.data.rejected import write_rejected
from recsys_lib.data.sample import ensure_sample
from recsys_lib.data.sources import Source, find_source
from recsys_lib.data.summary import write_summary
from recsys_lib.errors import InputDataError
from recsys_lib.files import sha256
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

REJECTED_FILE = "rejected.jsonl"


@dataclass(frozen=True)
class Loaded:
    """A dataset read and cleaned, not yet stored."""

    dataset: Dataset
    parameters: EtlParameters
    source: Source
    ratings: CleanRatings
    catalogue: Catalogue

    def counts(self) -> dict[str, int]:
        """The numbers that people ask for first."""
        rated = self.ratings.frame[Ratings.ITEM].unique()
        known = self.catalogue.frame[Products.ITEM]
        return {
            "lines": self.ratings.n_lines,
            "kept": len(self.ratings.frame),
            "rejected": len(self.ratings.rejected),
            "exact_duplicates": self.ratings.n_exact_duplicates,
            "superseded": self.ratings.n_superseded,
            "users": self.ratings.frame[Ratings.USER].n_unique(),
            "items": len(rated),
            "products": len(known),
            "rejected_products": len(self.catalogue.rejected),
            "duplicate_products": self.catalogue.n_duplicates,
            "products_without_title": self.catalogue.frame[Products.TITLE].null_count(),
            "products_without_reviews": int((~known.is_in(rated.implode())).sum()),
            "reviewed_unknown_products": int((~rated.is_in(known.implode())).sum()),
            "unreadable_prices": self.catalogue.n_unreadable_prices,
        }


def load_dataset(dataset: Dataset, parameters: EtlParameters) -> Loaded:
    """Read and clean a dataset; the built-in sample is made first when it is not there.

    Raises InputDataError when a file cannot be used or too many lines are bad.
    """
    if dataset.is_sample:
        ensure_sample(dataset)
    source = find_source(dataset, parameters)
    ratings = clean_ratings(
        read_records(source.reviews, source_names(source.review_fields)),
        source,
        parameters.timestamp_unit,
    )
    catalogue = empty_catalogue()
    if source.products:
        names = source_names(source.product_fields)
        catalogue = clean_products(read_records(source.products, names), source.product_fields)
    loaded = Loaded(dataset, parameters, source, ratings, catalogue)
    # Before the checks, so that the bad lines can be looked at when they stop the run.
    dataset.processed.mkdir(parents=True, exist_ok=True)
    write_rejected(dataset.processed / REJECTED_FILE, ratings.rejected + catalogue.rejected)
    _check(loaded)
    return loaded


def store_dataset(loaded: Loaded) -> dict[str, Any]:
    """Write database, interactions and summary; return the summary."""
    folder = loaded.dataset.processed
    write_database(loaded.dataset.database, loaded.ratings.frame, loaded.catalogue.frame)
    to_interactions(loaded.ratings.frame).save(folder)
    counts = loaded.counts()
    files = [{"path": str(p), "sha256": sha256(p)} for p in _input_files(loaded.source)]
    summary = {
        "dataset": loaded.dataset.name,
        "source": loaded.source.preset,
        "files": files,
        "timestamp_unit": loaded.ratings.timestamp_unit,
        "has_ratings": loaded.ratings.has_ratings,
        "funnel": loaded.ratings.funnel(),
        "counts": counts,
        "fingerprint": _fingerprint(files, loaded.parameters),
        "metrics": {f"etl.{name}": value for name, value in counts.items()},
    }
    write_summary(folder, summary)
    return summary


def to_interactions(ratings: pl.DataFrame) -> Interactions:
    """Number users and items (sorted by id) and turn the table into arrays.

    A missing rating counts as 1: the user touched the item.
    """
    users, items = (ratings[c].unique().sort() for c in (Ratings.USER, Ratings.ITEM))
    numbered = ratings.select(
        pl.col(Ratings.USER).cast(pl.Enum(users)).to_physical().cast(pl.Int32),
        pl.col(Ratings.ITEM).cast(pl.Enum(items)).to_physical().cast(pl.Int32),
        pl.col(Ratings.RATING).fill_null(1.0).cast(pl.Float32),
        pl.col(Ratings.TIMESTAMP),
    )
    # Stable: rows of one user at one time stay in the order of the file.
    order = np.lexsort((numbered[Ratings.TIMESTAMP].to_numpy(), numbered[Ratings.USER].to_numpy()))
    return Interactions(
        users=IdMap(users.to_list()),
        items=IdMap(items.to_list()),
        user=numbered[Ratings.USER].to_numpy()[order],
        item=numbered[Ratings.ITEM].to_numpy()[order],
        rating=numbered[Ratings.RATING].to_numpy()[order],
        timestamp=numbered[Ratings.TIMESTAMP].to_numpy()[order],
    )


def _input_files(source: Source) -> tuple[Path, ...]:
    return (*source.reviews, *source.products)


def _fingerprint(files: list[dict[str, str]], parameters: EtlParameters) -> str:
    """SHA-256 over the files' contents and how they were read."""
    facts = [[file["sha256"] for file in files], parameters.model_dump()]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _check(loaded: Loaded) -> None:
    tables = (
        (loaded.source.reviews, loaded.ratings.rejected, loaded.ratings.n_lines),
        (loaded.source.products, loaded.catalogue.rejected, loaded.catalogue.n_lines),
    )
    allowed = loaded.parameters.max_bad_share
    for files, rejected, n_lines in tables:
        if rejected and len(rejected) > allowed * n_lines:
            first = rejected[0]
            raise InputDataError(
                f"{first.reason}; {len(rejected):,} of {n_lines:,} lines are bad, more than "
                f"etl.max_bad_share ({allowed:g}) allows: see "
                f"{loaded.dataset.processed / REJECTED_FILE}",
                file=first.file,
                line=first.line,
            )
        if files and n_lines == 0:
            raise InputDataError("there is no record in the file", file=files[0])
    if loaded.ratings.frame.is_empty():
        raise InputDataError("no rating is left", file=loaded.source.reviews[0])
