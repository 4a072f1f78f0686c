"""The record of a run, ``run.json``: what ran, on which data, with which results."""

from __future__ import annotations

import os
import platform
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from recsys_lib.files import write_json
from recsys_lib.imports import versions_of
from recsys_lib.pipeline.runs.installed import installed_version

RECORD = "run.json"
EXAMPLES = "examples.json"
"""Beside it: a few people whom the run's version serves, with reasons; see ``serving.examples``."""
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

NOT_SERVED = "Not served: "
"""How the warning begins that says why the version of a run is not served."""
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
    advice: list[str] = field(default_factory=list)
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

    ``serve`` says whether its models are served if it succeeds, and ``verdict`` how they compare
    with those served before; ``number`` counts the runs of the workspace, so that their order does
    not depend on the clock. It is the last field, where
    ``stored.newest_records`` finds it without reading the rest.
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
    verdict: str = ""
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
    facts = _git(project, "rev-parse", "--show-toplevel", "HEAD")
    top, _, commit = (facts or "").partition("\n")
    if not commit or Path(top).resolve() != project.resolve():
        return {"commit": None, "dirty": None}
    changes = _git(project, "status", "--porcelain")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def environment() -> dict[str, Any]:
    """Versions of Python and of the packages that can change results."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions_of(_PACKAGES, installed_version),
    }


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
