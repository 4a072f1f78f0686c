"""The record of a run, ``run.json``: what ran, on which data, with which results."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from recsys_lib.errors import ArtifactError, ParameterError, full_name
from recsys_lib.files import read_json, write_json
from recsys_lib.registry.in_use import is_worked_on

RECORD = "run.json"
HEADLINES = ("als.recall@10", "als.ndcg@10")
"""The metrics by which runs are listed and compared."""
SWEEP = "sweep.json"
"""In the folder of a sweep: which runs belong to it."""
KEY_LIBRARIES = {
    "faiss": "faiss-cpu",
    "implicit": "implicit",
    "numba": "numba",
    "numpy": "numpy",
    "pandas": "pandas",
    "polars": "polars",
    "scipy": "scipy",
    "sentence_transformers": "sentence-transformers",
    "torch": "torch",
    "transformers": "transformers",
}
"""Libraries whose version can change a result: name of the import -> name of the package."""
_PACKAGES = ("recsys-lib", "papermill", *KEY_LIBRARIES.values())

_NUMBER = re.compile(rb'"number": (\d+)\s*}\s*$')
_TAIL_BYTES = 100

RunStatus = Literal["running", "succeeded", "failed", "interrupted"]
RUNNING: RunStatus = "running"
StepStatus = Literal["executed", "cached", "failed", "skipped"]
DONE = ("executed", "cached")


@dataclass
class StepRecord:
    """One step of a run.

    ``outputs`` have paths relative to the workspace. ``files`` are the fingerprints of all files in
    the folders that the step fills, by their names in the version. ``reusable`` is False when what
    the step depends on changed while it ran.
    """

    name: str
    notebook: str
    status: StepStatus = "skipped"
    reason: str = ""
    started_at: str | None = None
    seconds: float = 0.0
    startup_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    outputs: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    cache_key: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    reusable: bool = True

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StepRecord:
        """Read a stored record; what only other releases record is left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


@dataclass
class RunRecord:
    """A run; the file is kept up to date while it runs.

    ``serve`` says whether its models are served if it succeeds; ``number`` counts the runs of the
    workspace, so that their order does not depend on the clock. It is the last field, where
    :func:`newest_records` finds it without reading the rest.
    """

    run_id: str
    dataset: str
    parameters: dict[str, Any]
    changed_parameters: list[str]
    started_at: str
    steps: list[StepRecord]
    git: dict[str, Any]
    environment: dict[str, Any]
    status: RunStatus = RUNNING
    finished_at: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    serve: bool = True
    warnings: list[str] = field(default_factory=list)
    number: int = 0

    def save(self, folder: Path) -> None:
        """Write run.json into the run's folder."""
        write_json(folder / RECORD, asdict(self))

    def finish(self, status: RunStatus) -> None:
        """Set the final status and time, and collect the metrics of all steps."""
        self.status, self.finished_at = status, now()
        self.metrics = {k: v for step in self.steps for k, v in step.metrics.items()}

    def explain_skipped(self) -> None:
        """Give the steps that never started a reason, once the run has ended."""
        failed = next((step.name for step in self.steps if step.status == "failed"), None)
        if self.status == "interrupted":
            reason = "the run was interrupted before"
        else:
            reason = f"step {failed} did not succeed" if failed else "the run ended before"
        for step in self.steps:
            if step.status == "skipped" and not step.started_at and not step.cache_key:
                step.reason = reason


def recorded_content(output: Mapping[str, Any]) -> str:
    """The fingerprint of an output for later steps; earlier releases recorded that of all bytes."""
    content: str = output.get("content", output["sha256"])
    return content


def new_run_id() -> str:
    """A new name that sorts by time: 20260131-235959-ab12."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def git_state(project: Path) -> dict[str, Any]:
    """``{commit, dirty}`` of the checkout; both None when it is not a repository itself.

    A repository around it, such as one of somebody's home folder, says nothing about the code.
    """
    top = _git(project, "rev-parse", "--show-toplevel")
    is_own = top is not None and Path(top).resolve() == project.resolve()
    commit = _git(project, "rev-parse", "HEAD") if is_own else None
    changes = _git(project, "status", "--porcelain") if commit else None
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def environment() -> dict[str, Any]:
    """Versions of Python and of the packages that can change results."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }


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
    return max((_number_in(path)[0] for path in _paths(outputs)), default=0) + 1


def unfinished_run(outputs: Path, run_id: str = "", dataset: str | None = None) -> dict[str, Any]:
    """The record of the run to resume: the one named, or the newest that did not succeed.

    Part of an id is enough if only one run has it. A run that works now is not taken. Raises
    ParameterError if there is none, or if unfinished runs of several datasets could be meant.
    """
    records = {record["run_id"]: record for record in records_of(outputs, dataset)}
    unfinished = [name for name, record in records.items() if record["status"] != "succeeded"]
    if run_id:
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
    """The records of all runs, or of those of one dataset, newest first.

    Raises ArtifactError naming a record that cannot be read.
    """
    return sorted(newest_records(outputs, dataset), key=_order, reverse=True)


def newest_records(outputs: Path, dataset: str | None = None) -> Iterator[dict[str, Any]]:
    """The same records, each read only when it is asked for; runs without a number come last."""
    for path in sorted(_paths(outputs), key=_number_in, reverse=True):
        with suppress(FileNotFoundError):  # `recsys clean` may remove it at this moment
            record = _read(path)
            if dataset in (None, record["dataset"]):
                yield record


def _paths(outputs: Path) -> list[Path]:
    """The files of all records; ``latest`` is a link to one of the others."""
    found = outputs.glob(f"[!.]*/{RECORD}")
    return [path for path in found if not path.parent.is_symlink()]


def _number_in(path: Path) -> tuple[int, str]:
    """The number at the end of a record, and the run's id; 0 for a record without one."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            found = _NUMBER.search(file.read())
    except FileNotFoundError:
        found = None
    return (int(found[1]) if found else 0), path.parent.name


def _order(record: Mapping[str, Any]) -> tuple[int, str]:
    """By which runs are sorted; those of earlier releases have no number and come first."""
    return record.get("number", 0), record["started_at"]


def _read(path: Path) -> dict[str, Any]:
    facts = path.stat()
    return _read_once(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=100)
def _read_once(path: Path, *_: int) -> dict[str, Any]:
    """A record, read again when it has changed; whoever gets it must not change it."""
    try:
        record: dict[str, Any] = read_json(path)
        _ = record["run_id"], record["dataset"], record["started_at"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is not a run record ({error}): remove its folder") from error
    return record


def _git(project: Path, *arguments: str) -> str | None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", *arguments]
    try:
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, or not a checkout
    return done.stdout.strip()
