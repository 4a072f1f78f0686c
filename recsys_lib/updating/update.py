"""Take new events into the data and the served models, without a run."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from recsys_lib import registry
from recsys_lib.columns import Products
from recsys_lib.data.added_files import AddedRows, no_products, read_events_file, read_products_file
from recsys_lib.data.additions import Additions
from recsys_lib.data.formats.records import Rejected
from recsys_lib.data.stored import StoredData
from recsys_lib.data.updating import AppliedUpdates, apply_updates
from recsys_lib.parameters import EVENT_WEIGHTS, EtlParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry.in_use import only_run
from recsys_lib.updating.new_interactions import NewInteractions, keep, of_log, of_rows
from recsys_lib.updating.pruning import prune_updates
from recsys_lib.updating.renewal import Renewed, renew


@dataclass(frozen=True)
class Updated:
    """What an update did.

    Parameters
    ----------
    new: interactions that were taken, and events that were not.
    rejected: lines of the files that cannot be used.
    forgotten: rows of users who are forgotten; they were dropped.
    repeated: rows that the data have already.
    unzoned: times of the file without an offset, which are taken to be UTC.
    known_products: products of the file that the dataset's own files have; they were not changed.
    applied: the data of now; None where there was nothing new.
    renewed: the version of now; None where there was nothing new, or nothing is served.
    removed: older updates that were removed.
    """

    new: NewInteractions
    rejected: list[Rejected]
    forgotten: int = 0
    repeated: int = 0
    unzoned: int = 0
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
    etl = parameters or EtlParameters.model_validate({})
    with only_run(dataset, wait=wait):
        with ThreadPoolExecutor(1) as pool:
            opened = pool.submit(StoredData.load, dataset)  # without Python, which reads the files
            read = None if events is None else read_events_file(dataset, events, etl)
            given = no_products()
            if products is not None:
                given = read_products_file(dataset, products, etl)
            stored = opened.result()
        additions, chosen = Additions(dataset.updates), weights or EVENT_WEIGHTS
        if read is None:
            new = of_log(dataset.feedback, additions, stored.form, chosen)
        else:
            new = of_rows(read.rows, stored.form, chosen)
        kept = keep(new, stored, additions, given.rows)
        rejected = [*(read.rejected if read else []), *given.rejected]
        unzoned = read.n_unzoned if read else 0
        found = Updated(new, rejected, kept.forgotten, kept.repeated, unzoned)
        pending = {*additions.digests()} - {*stored.summary["updates"]}
        if not pending and _in_step(dataset, stored):
            return found
        applied = apply_updates(stored)
        found = replace(found, applied=applied, known_products=_known(given, applied))
        if registry.champion(dataset) is None:
            return found
        renewed = renew(dataset, applied, reason=_reason(kept.rows, applied))
        return replace(found, renewed=renewed, removed=prune_updates(dataset))


def _in_step(dataset: Dataset, stored: StoredData) -> bool:
    """Whether the champion has the stored data; it has not after an update that was killed."""
    served = registry.champion(dataset)
    if served is None or registry.choice(dataset).pinned:
        return True
    known = registry.read_manifest(served)["data_fingerprint"].values()
    return stored.summary["fingerprint"] in known


def _reason(rows: pl.DataFrame, applied: AppliedUpdates) -> str:
    """For the history."""
    products = len(applied.new_products)
    return f"update: {len(rows):,} interactions" + (f", {products:,} products" if products else "")


def _known(given: AddedRows, applied: AppliedUpdates) -> int:
    """How many of the given products the dataset's files have."""
    return int((~given.rows[Products.ITEM].is_in(applied.new_products)).sum())
