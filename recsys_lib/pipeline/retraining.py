"""Whether there is anything to train, and from which factors: for ``recsys retrain``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from filelock import FileLock, Timeout

from recsys_lib.errors import LockedError
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.pipeline.cache.plan import known_counts, plan
from recsys_lib.pipeline.runs.stored import newest_records
from recsys_lib.pipeline.settings import Settings, read_values
from recsys_lib.pipeline.steps import Step
from recsys_lib.pipeline.table import select
from recsys_lib.registry import ALS_PART, Part, champion, has_part

RETRAIN_LOCK = ".retrain.lock"
"""In the folder of a dataset's models; held from the look at the data to the end of the run."""
_ALS, _WARM_START = "als", "warm_start"
_FOREVER = -1


@contextmanager
def only_retraining(dataset: Dataset, *, wait: bool = False) -> Iterator[None]:
    """One retraining of a dataset at a time; wait for the other, or raise LockedError."""
    dataset.models.mkdir(parents=True, exist_ok=True)
    lock = FileLock(dataset.models / RETRAIN_LOCK)
    try:
        lock.acquire(timeout=_FOREVER if wait else 0)
    except Timeout as error:
        raise LockedError(
            f"dataset {dataset.name!r} is being retrained by another process: wait for it "
            "(--wait), or stop it"
        ) from error
    try:
        yield
    finally:
        lock.release()


def reasons_to_train(table: Sequence[Step], settings: Settings) -> list[str]:
    """What a run would make anew, and why; empty where it would make nothing anew.

    A version that was trained on the same data and refused is not trained again.

    Parameters
    ----------
    table
        All steps of the pipeline.
    settings
        Of the run, without a start from the champion's factors.

    Returns
    -------
    list of str
        For each step whose inputs, parameters or code changed, what changed; steps that only
        follow another one are left out.

    Raises
    ------
    InputDataError
        If the files of the dataset cannot be found or understood.
    """
    counts = known_counts(settings.dataset)
    chosen = [step for step in select(table) if not step.has_nothing_to_do(counts)]
    planned = plan(table, chosen, _as_last_time(settings))
    running = [step for step in planned if step.action == "run"]
    return [f"{step.name}: {step.reason}" for step in running if not _only_follows(step.reason)]


def start_of(settings: Settings) -> str:
    """The version whose factors a training can start from; "" for a random start.

    That is the champion, if als.factors is given and the champion has as many. With als.factors
    auto the training chooses how many, which a start would fix.
    """
    als, served = _als(settings), champion(settings.dataset)
    if als[_WARM_START] or served is None or not has_part(served, ALS_PART):
        return str(als[_WARM_START])
    factors = Part.read(served / ALS_PART).manifest["parameters"]["factors"]
    return served.name if als["factors"] == factors else ""


def _as_last_time(settings: Settings) -> Settings:
    """The settings with the start of the newest run: another champion alone is nothing new."""
    als = _als(settings)
    outputs = outputs_root(settings.dataset.root)
    for record in newest_records(outputs, settings.dataset.name):
        trained = any(step["name"] == _ALS for step in record["steps"])
        if trained and record["status"] == "succeeded" and not als[_WARM_START]:
            last = record["parameters"][_ALS].get(_WARM_START, "")
            values = settings.as_dict() | {_ALS: als | {_WARM_START: last}}
            return read_values(values, project=settings.project)
    return settings


def _als(settings: Settings) -> dict[str, Any]:
    return settings.sections[_ALS].model_dump()


def _only_follows(reason: str) -> bool:
    return reason.startswith("after ")
