"""The ETL step: files in, SQLite database and interactions out, every line accounted for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from recsys_lib.data._background import in_background
from recsys_lib.data._extents import Extent, fingerprints, measure, stamp
from recsys_lib.data._intake import Intake, read_input
from recsys_lib.data._journal import Journal, read_new, write_journal
from recsys_lib.data._on_cluster import read_on_cluster
from recsys_lib.data._remote import heads_of, remote_fingerprints, telling_urls
from recsys_lib.data.additions import Additions, Form, with_added
from recsys_lib.data.checks import Checks
from recsys_lib.data.cleaning.duplicates import latest_ratings
from recsys_lib.data.cleaning.notation import Wishes
from recsys_lib.data.cleaning.products import Catalogue
from recsys_lib.data.database import check_database, write_database
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.data.input_files import InputFiles, find_input_files
from recsys_lib.data.loaded import Loaded, LoadedRatings
from recsys_lib.data.sample import ensure_sample
from recsys_lib.data.summary import summarize, write_summary
from recsys_lib.files import writing
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import REJECTED_FILE, ROWS_FILE, Dataset
from recsys_lib.spark import Cluster

_APPEND = "append"
_EVERYTHING, _NEWS = "everything", "what is new"


def load_dataset(dataset: Dataset, parameters: EtlParameters) -> Loaded:
    r"""Read and clean a dataset; the built-in sample is made first when it is missing.

    The ratings are there on return, while products are still read in the background. Rejected lines
    are written to ``rejected.jsonl`` in the dataset's processed folder.

    Parameters
    ----------
    dataset
        Where the files are, and where results go.
    parameters
        Parameters of the etl step.

    Returns
    -------
    Loaded
        Ratings, catalogue, and what became of every line.

    Raises
    ------
    InputDataError
        A file cannot be used, or too many of its lines are rejected. For product files this comes
        up when ``catalogue`` is first used, or in :func:`store_dataset`.
    ParameterError
        A column mapping names a column that does not exist.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp()) / "shop"
    >>> folder.mkdir()
    >>> lines = "user_id,item_id,timestamp\nann,tea,1\nann,tea,2\nbob,mug,\nbob,mug,3\n"
    >>> _ = (folder / "reviews.csv").write_text(lines)
    >>> loaded = load_dataset(Dataset.find(folder, folder.parent), EtlParameters(max_bad_share=0.5))
    >>> loaded.ratings.frame.select("user_id", "parent_asin", "timestamp").rows()
    [('ann', 'tea', 2), ('bob', 'mug', 3)]
    >>> [(step["what"], step["rows"]) for step in loaded.funnel()][1:]
    [('timestamp is missing or no time', -1), ('superseded by a later rating', -1),
     ('ratings kept', 2)]
    """
    parameters.check_folder(is_sample=dataset.is_sample)
    if dataset.is_sample:
        ensure_sample(dataset)
    files, dataset = find_input_files(dataset, parameters), dataset.claim()
    prints_from = _prints(dataset, files, parameters)
    heads = heads_of(dataset, parameters)
    with telling_urls(heads):
        intake, n_repeats, reading, extents = _read(dataset, files, parameters)
    intake = _without(intake, Forgotten.load(dataset.updates))
    additions = Additions(dataset.updates)
    form = Form(files.review_columns, files.has_ratings, intake.unit)
    added = additions.rows(form)
    rows = pl.concat([intake.rows, added], rechunk=True) if len(added) else intake.rows
    latest = latest_ratings(rows)
    ratings = LoadedRatings(
        latest=latest,
        distinct=rows.filter(~latest.repeated),
        rejected=sorted(intake.rejected, key=lambda bad: (bad.file, bad.line)),
        n_lines=intake.n_lines,
        n_more=intake.n_more,
        n_repaired=intake.n_repaired,
        n_exact_duplicates=n_repeats + int(latest.repeated.sum()),
        n_added=len(added),
        n_forgotten=intake.n_forgotten,
        timestamp_unit=intake.unit,
        has_ratings=files.has_ratings,
        unreadable=intake.unreadable,
        notations={files.reviews[n]: one for n, one in intake.notations.items()},
    )
    checks = Checks(dataset.processed / REJECTED_FILE, parameters.max_bad_share)
    with telling_urls(heads):
        checks.ratings(files.reviews, ratings)

    def whole_catalogue() -> Catalogue:
        with telling_urls(heads):
            catalogue = checks.products(files.products, intake.catalogue.result())
        return replace(catalogue, products=with_added(catalogue.products, additions.products()))

    products = in_background(whole_catalogue)
    prints = in_background(prints_from, extents)
    if parameters.mode == _APPEND:
        wishes = Wishes.from_parameters(parameters)
        distinct = intake.rows.filter(~latest.repeated[: len(intake.rows)])
        products.result()
        write_journal(dataset.processed, intake, distinct, files, wishes, extents)
    return Loaded(
        dataset, parameters, files, ratings, reading, products, prints, additions.digests()
    )


def store_dataset(loaded: Loaded) -> dict[str, Any]:
    r"""Write database, interactions and summary of a loaded dataset.

    Each file replaces the old one in a single move, and only after all of them could be written.

    Parameters
    ----------
    loaded
        What :func:`load_dataset` returned.

    Returns
    -------
    dict
        The summary: ``dataset, source, files, product_files, review_columns, text_form,
        reading, timestamp_unit, has_ratings, funnel, counts, unreadable, sayings, events,
        fingerprint, metrics``.

    Raises
    ------
    InputDataError
        The product files cannot be used, or a file changed while it was read.
    StorageError
        A file cannot be written; the old files stay.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp()) / "shop"
    >>> folder.mkdir()
    >>> _ = (folder / "reviews.csv").write_text("user_id,item_id\nann,tea\nbob,tea\n")
    >>> dataset = Dataset.find(folder, folder.parent)
    >>> summary = store_dataset(load_dataset(dataset, EtlParameters()))
    >>> summary["counts"]["users"], summary["counts"]["items"]
    (2, 1)
    >>> sorted(path.name for path in dataset.processed.iterdir())[:3]
    ['interactions.parquet', 'items.parquet', 'recommender.db']
    """
    folder = loaded.dataset.processed
    with writing(folder), TemporaryDirectory(dir=folder, prefix=".") as waiting:

        def save() -> None:
            loaded.view.interactions.save(Path(waiting))
            loaded.ratings.distinct.write_parquet(Path(waiting, ROWS_FILE), compression_level=1)

        saved = in_background(save)

        def products() -> pl.DataFrame:
            """Comes last, so that no database is written after any other failure."""
            saved.result()
            loaded.prints.result()
            return loaded.catalogue.frame

        try:
            write_database(loaded.dataset.database, loaded.ratings.frame, products)
        finally:
            # After a failure, too, nothing is written any more when this is left.
            under_way: list[Future[Any]] = [saved, loaded.products]
            wait(under_way)
        for path in Path(waiting).iterdir():
            path.replace(folder / path.name)
    checked = in_background(check_database, loaded.dataset.database)
    summary = summarize(loaded)
    checked.result()
    write_summary(folder, summary)
    return summary


def _prints(
    dataset: Dataset, files: InputFiles, parameters: EtlParameters
) -> Callable[[Mapping[Path, Extent]], list[dict[str, str]]]:
    """What computes the fingerprints, given extents; files that change from now on are told."""
    cluster = Cluster.of(parameters, dataset.processed)
    if files.origins and cluster:
        return lambda extents: remote_fingerprints(files, cluster, parameters.folder)
    return partial(fingerprints, {path: stamp(path) for path in (*files.reviews, *files.products)})


def _read(
    dataset: Dataset, files: InputFiles, parameters: EtlParameters
) -> tuple[Intake, int, str, dict[Path, Extent]]:
    """The intake, the number of repeated rows it no longer holds, how it was read, and extents.

    Extents are measured in append mode only.
    """
    wishes, paths = Wishes.from_parameters(parameters), (*files.reviews, *files.products)
    if cluster := Cluster.of(parameters, dataset.processed):
        return read_on_cluster(files, wishes, cluster), 0, _EVERYTHING, {}
    if parameters.mode != _APPEND:
        return read_input(files, wishes), 0, _EVERYTHING, {}
    extents = in_background(lambda: {path: measure(path)[0] for path in paths})
    journal = Journal.load(dataset.processed)
    obstacle = journal.obstacle(files, wishes) if journal else ""
    if journal and not obstacle:
        intake, n_repeats = read_new(journal, files, wishes, extents.result())
        obstacle = journal.changed_notation(files, intake)
        if not obstacle:
            return intake, n_repeats, _NEWS, extents.result()
    reading = f"{_EVERYTHING}: {obstacle}" if obstacle else _EVERYTHING
    return read_input(files, wishes), 0, reading, extents.result()


def _without(intake: Intake, forgotten: Forgotten) -> Intake:
    """What was read, without anything of users who are forgotten."""
    if not forgotten:
        return intake
    rows = forgotten.without(intake.rows)
    rejected = [
        replace(bad, text="") if forgotten.names(bad.text) else bad for bad in intake.rejected
    ]
    n_forgotten = intake.n_forgotten + len(intake.rows) - len(rows)
    return replace(intake, rows=rows, rejected=rejected, n_forgotten=n_forgotten)
