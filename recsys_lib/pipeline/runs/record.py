"""The record of a run, ``run.json``: what ran, on what, with which result."""

from __future__ import annotations

import platform
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, write_json
from recsys_lib.paths import project_root

RECORD = "run.json"
SWEEP = "sweep.json"
"""Of the folder that compares the runs of a grid."""
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
"""Packages whose version can change a result, by the name under which they are imported."""
_PACKAGES = ("recsys-lib", "papermill", *KEY_LIBRARIES.values())

RunStatus = Literal["running", "succeeded", "failed", "interrupted"]
RUNNING: RunStatus = "running"
StepStatus = Literal["executed", "cached", "failed", "skipped"]
DONE = ("executed", "cached")


@dataclass
class StepRecord:
    """What became of one step."""

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


@dataclass
class RunRecord:
    """What became of a run; kept up to date on disk while it runs.

    ``serve`` says whether its models are served when it succeeds.
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

    def save(self, folder: Path) -> None:
        """Write run.json into the run's folder."""
        write_json(folder / RECORD, asdict(self))

    def finish(self, status: RunStatus) -> None:
        """Set the final status, the time, and the metrics of all steps together."""
        self.status, self.finished_at = status, now()
        self.metrics = {k: v for step in self.steps for k, v in step.metrics.items()}


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def git_state() -> dict[str, Any]:
    """``{commit, dirty}`` of the checkout; nulls outside of git."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain") if commit else None
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def environment() -> dict[str, Any]:
    """Versions of Python and of the packages that shape results."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }


def previous_run(outputs: Path, dataset: str, before: str) -> dict[str, Any] | None:
    """The record of the last succeeded run of a dataset that started before ``before``."""
    for record in records_of(outputs, dataset):
        if record["status"] == "succeeded" and record["started_at"] < before:
            return record
    return None


def records_of(outputs: Path, dataset: str | None = None) -> list[dict[str, Any]]:
    """The records of all runs, or of those of one dataset, newest first.

    Raises ArtifactError naming a record that is not readable.
    """
    records = []
    for path in outputs.glob(f"[!.]*/{RECORD}"):
        with suppress(FileNotFoundError):  # `recsys clean` removes runs of other datasets meanwhile
            if not _is_link(path):
                records.append(_read(path))
    mine = [record for record in records if dataset in (None, record["dataset"])]
    return sorted(mine, key=lambda record: record["started_at"], reverse=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = read_json(path)
    except ValueError as error:
        raise ArtifactError(f"{path} is no run record ({error}): remove its folder") from error
    return record


def _is_link(path: Path) -> bool:
    """``latest`` shows to one of the others."""
    return path.parent.is_symlink()


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=project_root(), capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None  # no git, or no checkout: the record says so with nulls
    return done.stdout.strip()
