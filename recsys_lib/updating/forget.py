"""Remove users from everything that the workspace has of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from recsys_lib import registry
from recsys_lib.columns import Ratings
from recsys_lib.data.additions import Additions
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.data.formats.records import read_rejected, write_rejected
from recsys_lib.data.stored import StoredData
from recsys_lib.data.updating import remove_users
from recsys_lib.errors import ParameterError
from recsys_lib.paths import (
    HEADS_FOLDER,
    JOURNAL_FOLDER,
    QUERIES_FOLDER,
    REJECTED_FILE,
    Dataset,
)
from recsys_lib.registry.in_use import only_run
from recsys_lib.updating.log_of_users import RemovedFeedback, remove_from_log
from recsys_lib.updating.renewal import Renewed, renew
from recsys_lib.updating.traces import Traces, traces_of

_TRAINED_ANEW = ("ease",)
"""Sources that are solved again at once, since that takes seconds."""


@dataclass(frozen=True)
class Forgot:
    """What was removed.

    Parameters
    ----------
    ratings: rows of the database.
    added: interactions that updates had added.
    unknown: users of whom the data had nothing.
    feedback: lists and events of the log.
    renewed: the version without them; None where nothing is served, or nothing was there to remove.
    traces: old versions and output files that named them.
    removed: whether these were removed, too.
    met: whether the workspace had anything of them before; else only outputs hold the words.
    """

    ratings: int
    added: int
    unknown: list[str]
    feedback: RemovedFeedback
    renewed: Renewed | None = None
    traces: Traces = field(default_factory=Traces)
    removed: bool = True
    met: bool = True


def forget(
    dataset: Dataset, users: Sequence[str], *, keep_old: bool = False, wait: bool = False
) -> Forgot:
    """Remove users from data, feedback log, models, exports and outputs, and keep them out.

    The given files of the dataset are never changed. A list of salted hashes lets later loads drop
    these users again. Sources that count, EASE, and the histories are then those of a training
    without them; factors of ALS, sequence model and weights of the blend stay as they were learned
    until the next run, which learns them without these users.

    Parameters
    ----------
    dataset
        Whose users.
    users
        Their ids, exactly as the data have them.
    keep_old
        Whether old versions and outputs that name them stay; they are only listed then.
    wait
        Whether to wait while another program works on the dataset.

    Returns
    -------
    Forgot
        What was removed. After a kill the call can be repeated.

    Raises
    ------
    ParameterError
        If an id is empty.
    InputDataError
        If nobody would be left.
    LockedError
        If another program works on the dataset.

    Examples
    --------
    >>> forgot = forget(Dataset.find("shop"), ["u17"])  # doctest: +SKIP
    >>> forgot.ratings  # doctest: +SKIP
    12
    """
    if not all(users):
        raise ParameterError("an id is empty: name the users as the data do")
    with only_run(dataset, wait=wait):
        stored = StoredData.load(dataset)
        additions = Additions(dataset.updates)
        everybody = pl.concat([stored.rows, additions.rows(stored.form)])[Ratings.USER]
        unknown = sorted({*users} - {*everybody.filter(everybody.is_in(users))})
        before = Forgotten.load(dataset.updates)
        # First of all, so that no load that comes between brings them back.
        before.with_users(users).save(dataset.updates)
        added = additions.remove(users)
        _clear(dataset, users)
        applied, ratings = remove_users(dataset, users)
        feedback = remove_from_log(dataset.feedback, users)
        traces, champion = traces_of(dataset, users), registry.champion(dataset)
        renewed = None
        if champion is not None and (ratings or champion in traces.versions):
            renewed = renew(
                dataset,
                applied,
                reason=f"{len(users):,} user{'s'[: len(users) - 1]} forgotten",
                retrained=_TRAINED_ANEW,
                without=users,
            )
        # A word in a report is no person: what nobody knows is removed when it is asked for again.
        met = bool(ratings or feedback.lists or feedback.events or traces.versions)
        met = met or any(map(before.has, users))
        if met and not keep_old:
            traces.remove()
        return Forgot(ratings, added, unknown, feedback, renewed, traces, met and not keep_old, met)


def _clear(dataset: Dataset, users: Sequence[str]) -> None:
    """Remove what later steps make again, such as results of queries, and checkpoints."""
    folder = dataset.processed
    made = [folder / name for name in (JOURNAL_FOLDER, QUERIES_FOLDER, HEADS_FOLDER)]
    for path in (*made, dataset.checkpoints):
        shutil.rmtree(path, ignore_errors=not path.exists())
    rejected = folder / REJECTED_FILE
    if rejected.is_file():
        named = Forgotten().with_users(users)
        lines = read_rejected(rejected)
        write_rejected(
            rejected, (replace(bad, text="") if named.names(bad.text) else bad for bad in lines)
        )
