"""The ETL step: files in, SQLite database and interactions out, every row accounted for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.background import in_background
from recsys_lib.data.checks import Checks
from recsys_lib.data.database import write_database
from recsys_lib.data.duplicates import latest
from recsys_lib.data.intake import Extent, Intake, measure, read_source
from recsys_lib.data.journal import Journal, read_new, write_journal
from recsys_lib.data.loaded import Loaded, LoadedRatings
from recsys_lib.data.sample import ensure_sample
from recsys_lib.data.sources import Source, find_source
from recsys_lib.data.summary import write_summary
from recsys_lib.errors import InputDataError
from recsys_lib.files import sha256
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

REJECTED_FILE = "rejected.jsonl"
_APPEND = "append"
_EVERYTHING, _NEWS = "everything", "what is new"


def load_dataset(dataset: Dataset, parameters: EtlParameters) -> Loaded:
    """Read and clean a dataset; the built-in sample is made first when it is not there.

    When it returns, the ratings are there and the products are still being read. Raises
    InputDataError when a file cannot be used or too many lines are bad; for products, this comes
    up when they are asked for.
    """
    if dataset.is_sample:
        ensure_sample(dataset)
    source = find_source(dataset, parameters)
    stamps = {path: _stamp(path) for path in (*source.reviews, *source.products)}
    intake, n_repeats, reading, extents = _read(dataset, source, parameters)
    rows = intake.rows
    if not source.has_times:
        rows = rows.with_columns(pl.int_range(len(rows), dtype=pl.Int64).alias(Ratings.TIMESTAMP))
    last = latest(rows)
    ratings = LoadedRatings(
        latest=last,
        rejected=sorted(intake.rejected, key=lambda bad: (bad.file, bad.line)),
        n_lines=intake.n_lines,
        n_exact_duplicates=n_repeats + int(last.repeated.sum()),
        timestamp_unit=intake.unit,
        has_ratings=source.has_ratings,
    )
    checks = Checks(dataset.processed / REJECTED_FILE, parameters.max_bad_share)
    checks.ratings(source.reviews, ratings)
    products = in_background(lambda: checks.products(source.products, intake.catalogue.result()))
    prints = in_background(_fingerprints, stamps, extents)
    if parameters.mode == _APPEND:
        distinct, unit = intake.rows.filter(~last.repeated), parameters.timestamp_unit
        products.result()
        write_journal(dataset.processed, intake, distinct, source, unit, extents)
    return Loaded(dataset, parameters, source, ratings, reading, products, prints)


def store_dataset(loaded: Loaded) -> dict[str, Any]:
    """Write database, interactions and summary; return the summary.

    Raises StorageError when a file cannot be written; what was there before stays as it is.
    """
    folder = loaded.dataset.processed
    with TemporaryDirectory(dir=folder, prefix=".") as waiting:
        saved = in_background(lambda: loaded.view.interactions.save(Path(waiting)))

        def products() -> pl.DataFrame:
            """Asked for last: the database takes no place when anything else went wrong."""
            saved.result()
            loaded.prints.result()
            return loaded.catalogue.frame

        try:
            write_database(loaded.dataset.database, loaded.ratings.frame, products)
        finally:
            wait([saved])
        for path in Path(waiting).iterdir():
            path.replace(folder / path.name)
    counts = loaded.counts()
    summary = {
        "dataset": loaded.dataset.name,
        "source": loaded.source.preset,
        "files": loaded.files,
        "reading": loaded.reading,
        "timestamp_unit": loaded.ratings.timestamp_unit,
        "has_ratings": loaded.ratings.has_ratings,
        "funnel": loaded.funnel(),
        "counts": counts,
        "fingerprint": _fingerprint(loaded.files, loaded.parameters),
        "metrics": {f"etl.{name}": value for name, value in counts.items()},
    }
    write_summary(folder, summary)
    return summary


def _read(
    dataset: Dataset, source: Source, parameters: EtlParameters
) -> tuple[Intake, int, str, dict[Path, Extent]]:
    """The intake, the repeated rows that it does not hold any more, how it was read, the files.

    The extents of the files are found out for append mode only.
    """
    unit, files = parameters.timestamp_unit, (*source.reviews, *source.products)
    if parameters.mode != _APPEND:
        return read_source(source, unit), 0, _EVERYTHING, {}
    extents = in_background(lambda: {path: measure(path)[0] for path in files})
    journal = Journal.of(dataset.processed)
    obstacle = journal.obstacle(source, unit) if journal else ""
    if journal and not obstacle:
        return *read_new(journal, source, extents.result()), _NEWS, extents.result()
    reading = f"{_EVERYTHING}: {obstacle}" if obstacle else _EVERYTHING
    return read_source(source, unit), 0, reading, extents.result()


def _stamp(path: Path) -> tuple[int, int]:
    """What shows that a file was written to."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _fingerprints(
    stamps: Mapping[Path, tuple[int, int]], extents: Mapping[Path, Extent]
) -> list[dict[str, str]]:
    """Path and SHA-256 of each file; InputDataError when one is not what was read."""
    prints = {path: extents[path].sha256 if path in extents else sha256(path) for path in stamps}
    for path, stamp in stamps.items():
        if _stamp(path) != stamp:
            raise InputDataError("it was changed while it was read: load it again", file=path)
    return [{"path": str(path), "sha256": digest} for path, digest in prints.items()]


def _fingerprint(files: list[dict[str, str]], parameters: EtlParameters) -> str:
    """SHA-256 over the files' contents and how they were read; not over how much at a time."""
    facts = [[file["sha256"] for file in files], parameters.model_dump(exclude={"mode"})]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
