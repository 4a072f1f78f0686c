"""The ETL step: files in, SQLite database and interactions out, every row accounted for."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.database import write_database
from recsys_lib.data.duplicates import latest
from recsys_lib.data.intake import Extent, Intake, measure, read_source
from recsys_lib.data.journal import Journal, read_new, write_journal
from recsys_lib.data.loaded import Loaded, LoadedRatings
from recsys_lib.data.rejected import write_rejected
from recsys_lib.data.sample import ensure_sample
from recsys_lib.data.sources import Source, find_source
from recsys_lib.data.summary import write_summary
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

REJECTED_FILE = "rejected.jsonl"
_APPEND = "append"
_EVERYTHING, _NEWS = "everything", "what is new"


def load_dataset(dataset: Dataset, parameters: EtlParameters) -> Loaded:
    """Read and clean a dataset; the built-in sample is made first when it is not there.

    Raises InputDataError when a file cannot be used or too many lines are bad.
    """
    if dataset.is_sample:
        ensure_sample(dataset)
    source = find_source(dataset, parameters)
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
    files = [{"path": str(path), "sha256": extents[path].sha256} for path in _files(source)]
    loaded = Loaded(dataset, parameters, source, ratings, intake.catalogue, reading, files)
    # Before the checks, so that the bad lines can be looked at when they stop the run.
    dataset.processed.mkdir(parents=True, exist_ok=True)
    bad = ratings.rejected + intake.catalogue.rejected
    write_rejected(dataset.processed / REJECTED_FILE, bad)
    _check(loaded)
    if parameters.mode == _APPEND:
        distinct, unit = intake.rows.filter(~last.repeated), parameters.timestamp_unit
        write_journal(dataset.processed, intake, distinct, source, unit, extents)
    return loaded


def store_dataset(loaded: Loaded) -> dict[str, Any]:
    """Write database, interactions and summary; return the summary.

    Raises StorageError when a file cannot be written; what was there before stays as it is.
    """
    folder = loaded.dataset.processed
    with ThreadPoolExecutor(1) as other_core:
        ratings, products = loaded.ratings.frame, loaded.catalogue.frame
        written = other_core.submit(write_database, loaded.dataset.database, ratings, products)
        loaded.view.interactions.save(folder)
        counts = loaded.counts()
        written.result()
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
    """The intake, the repeated rows that it does not hold any more, how it was read, the files."""
    unit, files = parameters.timestamp_unit, _files(source)
    with ThreadPoolExecutor(1) as other_core:
        extents = other_core.submit(lambda: {path: measure(path)[0] for path in files})
        journal = Journal.of(dataset.processed) if parameters.mode == _APPEND else None
        obstacle = journal.obstacle(source, unit) if journal else ""
        if journal and not obstacle:
            return *read_new(journal, source, extents.result()), _NEWS, extents.result()
        reading = f"{_EVERYTHING}: {obstacle}" if obstacle else _EVERYTHING
        return read_source(source, unit), 0, reading, extents.result()


def _files(source: Source) -> tuple[Path, ...]:
    return (*source.reviews, *source.products)


def _fingerprint(files: list[dict[str, str]], parameters: EtlParameters) -> str:
    """SHA-256 over the files' contents and how they were read; not over how much at a time."""
    facts = [[file["sha256"] for file in files], parameters.model_dump(exclude={"mode"})]
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
