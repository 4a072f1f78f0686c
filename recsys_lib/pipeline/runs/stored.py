"""The records of all runs in a workspace: the newest, the previous, the one to resume.

A record that cannot be read is left out; :func:`damaged_records` says which.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from recsys_lib.errors import ArtifactError, ParameterError, full_name
from recsys_lib.files import read_json
from recsys_lib.pipeline.runs.record import RECORD, RUNNING
from recsys_lib.registry.in_use import is_worked_on

_NUMBER = re.compile(rb'"number": (\d+)\s*}\s*$')
_TAIL_BYTES = 100
_damaged: dict[Path, str] = {}


def previous_run(
    outputs: Path, dataset: str, before: str, number: int = 0
) -> dict[str, Any] | None:
    """The newest succeeded run of a dataset before the run with this start and number."""
    unnumbered = []
    for record in newest_records(outputs, dataset):
        if record["status"] == "succeeded" and _order(record) < (number, before):
            if record.get("number"):
                return record
            unnumbered.append(record)
    return max(unnumbered, key=_order, default=None)


def next_number(outputs: Path) -> int:
    """The number of the next run of a workspace."""
    return max((number for number, _ in _numbered(outputs)), default=0) + 1


def unfinished_run(outputs: Path, run_id: str = "", dataset: str | None = None) -> dict[str, Any]:
    """The record of the run to resume: the one named, or the newest that did not succeed.

    Part of an id is enough if only one run has it. A run that works now is not taken. Raises
    ParameterError if there is none, or if unfinished runs of several datasets could be meant, and
    ArtifactError if the record of the one named is damaged.
    """
    records = {record["run_id"]: record for record in records_of(outputs, dataset)}
    unfinished = [name for name, record in records.items() if record["status"] != "succeeded"]
    if run_id:
        if (outputs / run_id / RECORD) in _damaged:
            raise ArtifactError(_damaged[outputs / run_id / RECORD])
        name = full_name(run_id, list(records), "run")
        if name not in unfinished:
            raise ParameterError(f"run {name!r} succeeded: there is nothing to resume")
        return records[name]
    idle = [name for name in unfinished if not _runs_now(records[name], outputs)]
    if not idle:
        raise ParameterError("there is no unfinished run")
    if len({records[name]["dataset"] for name in idle}) > 1:
        newest = {records[name]["dataset"]: name for name in reversed(idle)}
        choices = ", ".join(f"{name} of {dataset}" for dataset, name in sorted(newest.items()))
        raise ParameterError(f"runs of several datasets are unfinished ({choices}): name one")
    return records[idle[0]]


def _runs_now(record: Mapping[str, Any], outputs: Path) -> bool:
    models = outputs.parent / "models" / record["dataset"]
    return record["status"] == RUNNING and is_worked_on(models)


def records_of(outputs: Path, dataset: str | None = None) -> list[dict[str, Any]]:
    """The records of all runs, or of those of one dataset, newest first."""
    return sorted(newest_records(outputs, dataset), key=_order, reverse=True)


def newest_records(outputs: Path, dataset: str | None = None) -> Iterator[dict[str, Any]]:
    """The same records, each read only when it is asked for; runs without a number come last."""
    for _, name in sorted(_numbered(outputs), reverse=True):
        record = _read(outputs / name / RECORD)
        if record is not None and dataset in (None, record["dataset"]):
            yield record


def damaged_records(outputs: Path) -> list[str]:
    """A sentence for each record of a workspace that this process found damaged."""
    return [text for path, text in sorted(_damaged.items()) if path.parent.parent == outputs]


def _numbered(outputs: Path) -> Iterator[tuple[int, str]]:
    """Number and id of each run; ``latest`` is a link to one of the others."""
    try:
        entries = os.scandir(outputs)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                number = _number_in(f"{entry.path}/{RECORD}")
                if number is not None:
                    yield number, entry.name


def _number_in(path: str) -> int | None:
    """The number at the end of a record; 0 for one without, None where there is no record.

    There may be thousands: paths are texts here, which is three times as fast.
    """
    try:
        facts = os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _read_number(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=10_000)
def _read_number(path: str, _changed: int, size: int, _inode: int) -> int:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            file.seek(max(0, size - _TAIL_BYTES))
            found = _NUMBER.search(file.read())
    except FileNotFoundError:  # `recsys clean` may remove it at this moment
        found = None
    return int(found[1]) if found else 0


def _order(record: Mapping[str, Any]) -> tuple[int, str]:
    """By which runs are sorted; those of earlier releases have no number and come first."""
    return record.get("number", 0), record["started_at"]


def _read(path: Path) -> dict[str, Any] | None:
    """A record; None if it was just removed, or is damaged."""
    try:
        facts = path.stat()
        return _read_once(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    except FileNotFoundError:
        return None
    except ArtifactError as error:
        _damaged[path] = str(error)
        return None


@lru_cache(maxsize=100)
def _read_once(path: Path, *_: int) -> dict[str, Any]:
    """A record, read again when it has changed; whoever gets it must not change it."""
    _damaged.pop(path, None)
    try:
        record: dict[str, Any] = read_json(path)
        _ = record["run_id"], record["dataset"], record["started_at"]
        if not isinstance(record.get("steps", []), list):
            raise TypeError("its steps are no list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = "empty" if not path.stat().st_size else f"damaged ({error})"
        raise ArtifactError(
            f"run {path.parent.name} is left out, since its record {path} is {reason}: remove "
            "its folder"
        ) from error
    return record
