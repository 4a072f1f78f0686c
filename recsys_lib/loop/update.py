"""Take new events into the data and the served models, without a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib import registry
from recsys_lib.columns import Products
from recsys_lib.data.added_files import AddedRows, no_products, read_events_file, read_products_file
from recsys_lib.data.additions import Additions
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.data.formats.records import Rejected
from recsys_lib.data.summary import read_summary
from recsys_lib.data.updating import AppliedUpdates, apply_updates, form_of
from recsys_lib.loop.new_interactions import NewInteractions, of_log, of_rows
from recsys_lib.loop.pruning import prune_updates
from recsys_lib.loop.renewal import Renewed, renew
from recsys_lib.parameters import EVENT_WEIGHTS, EtlParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry.in_use import only_run


@dataclass(frozen=True)
class Updated:
    """What an update did.

    Parameters
    ----------
    new: interactions that were taken, and events that were not.
    rejected: lines of the files that cannot be used.
    forgotten: rows of users who are forgotten; they were dropped.
    known_products: products of the file that the dataset's own files have; they were not changed.
    applied: the data of now; None where there was nothing new.
    renewed: the version of now; None where there was nothing new, or nothing is served.
    removed: older updates that were removed.
    """

    new: NewInteractions
    rejected: list[Rejected]
    forgotten: int = 0
    known_products: int = 0
    applied: AppliedUpdates | None = None
    renewed: Renewed | None = None
    removed: tuple[str, ...] = ()


def update(
    dataset: Dataset,
    events: Path | None = None,
    products: Path | None = None,
    *,
    parameters: EtlParameters | None = None,
    weights: Mapping[str, float] | None = None,
    wait: bool = False,
) -> Updated:
    """Add new events to the data, and serve models that know them.

    Database, interactions and the sources that count are then those of a full load and training.
    ALS solves the items whose interactions changed exactly, given all users. What was learned
    stays until the next run: weights of the blend, EASE and the sequence model.

    Parameters
    ----------
    dataset
        Whose data and champion.
    events
        A file of interactions; by default the feedback log is read, from where the last update
        stopped.
    products
        A file of products; those that the dataset's files do not have are added.
    parameters
        How the files are read; by default as the columns show.
    weights
        Type of an event -> its weight, 0 to 1; :data:`EVENT_WEIGHTS` by default.
    wait
        Whether to wait while another program works on the dataset.

    Returns
    -------
    Updated
        What was taken and what was not; a running service takes up the new version by itself.

    Raises
    ------
    ArtifactError
        If the etl step has not run, or by an earlier release.
    InputDataError
        If a file cannot be used.
    LockedError
        If another program works on the dataset.

    Examples
    --------
    >>> updated = update(Dataset.find("shop"), Path("today.csv"))  # doctest: +SKIP
    >>> updated.renewed.version  # doctest: +SKIP
    '20260302-041109-update'
    """
    etl, weights = parameters or EtlParameters.model_validate({}), weights or EVENT_WEIGHTS
    with only_run(dataset, wait=wait):
        summary = read_summary(dataset.processed)
        form, additions = form_of(summary), Additions(dataset.updates)
        rejected: list[Rejected] = []
        if events is not None:
            read = read_events_file(dataset, events, etl)
            rejected += read.rejected
            new = of_rows(read.rows, form, weights)
        else:
            new = of_log(dataset.feedback, additions, form, weights)
        given = no_products() if products is None else read_products_file(dataset, products, etl)
        rejected += given.rejected
        rows = Forgotten.load(dataset.updates).without(new.rows)
        n_forgotten = len(new.rows) - len(rows)
        if len(rows) or len(given.rows) or new.taken:
            additions.add(rows, given.rows, new.taken)
        pending = {*additions.digests()} - {*summary.get("updates", {})}
        if not pending:
            return Updated(new, rejected, n_forgotten)
        applied = apply_updates(dataset)
        renewed: Renewed | None = None
        removed: tuple[str, ...] = ()
        if registry.champion(dataset) is not None:
            renewed = renew(dataset, applied, reason=_reason(rows, applied))
            removed = prune_updates(dataset)
        known = _known(given, applied)
        return Updated(new, rejected, n_forgotten, known, applied, renewed, removed)


def _reason(rows: pl.DataFrame, applied: AppliedUpdates) -> str:
    """For the history."""
    products = len(applied.new_products)
    return f"update: {len(rows):,} interactions" + (f", {products:,} products" if products else "")


def _known(given: AddedRows, applied: AppliedUpdates) -> int:
    """How many of the given products the dataset's files have."""
    return int((~given.rows[Products.ITEM].is_in(applied.new_products)).sum())
