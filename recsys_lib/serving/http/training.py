"""Training on request: steps of the pipeline, run in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.registry import ALS_PART, BY_VARIABLE, CHAMPION, champion, has_part
from recsys_lib.serving.http.schemas import ModelType

_STEPS: dict[ModelType, str] = {"mf": "als,evaluate", "ss": "embed,evaluate"}
_STOP_SECONDS = 10
_BY = "training"  # who promotes the version, in the history

Command = Callable[..., list[str]]


def pipeline_command(
    dataset: Dataset, model_type: ModelType, config: Path | None = None, *, force: bool = False
) -> list[str]:
    """The command that trains a model; it includes loading the data when there is no database.

    ``config`` is a file of parameters. ``force`` trains even where an earlier result could be
    reused. What is trained is evaluated, too: otherwise it would not be served. The evaluation
    needs the other model as well, so where none is served yet, that is trained with it.
    """
    steps, served = _STEPS[model_type], champion(dataset)
    if model_type == "ss" and not (served and has_part(served, ALS_PART)):
        steps = f"als,{steps}"
    if not dataset.database.is_file():
        steps = f"etl,{steps}"
    run = [sys.executable, "-m", "recsys_lib.cli", "run", "--quiet"]
    run += ["--force"] if force else []
    run += ["--config", str(config)] if config else []
    return [*run, "--set", f"dataset={dataset.argument}", "--steps", steps]


@dataclass(frozen=True)
class Job:
    """A child process, where its output goes, and when it began (seconds since 1970)."""

    process: subprocess.Popen[bytes]
    log: Path
    started: float

    @property
    def running(self) -> bool:
        """Whether the training is still under way."""
        return self.process.poll() is None

    @property
    def failure(self) -> str | None:
        """A sentence about the error when the training failed."""
        code = self.process.poll()
        if not code:
            return None
        return f"the previous training failed with exit code {code}, see {self.log}"


class TrainingJobs:
    """Runs at most one training at a time, and remembers the last one of each model."""

    def __init__(self, dataset: Dataset, command: Command = pipeline_command) -> None:
        self._dataset, self._command = dataset, command
        self._jobs: dict[ModelType, Job] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def running(self) -> ModelType | None:
        """The model that is being trained."""
        return next((model for model, job in list(self._jobs.items()) if job.running), None)

    def failure(self, model_type: ModelType) -> str | None:
        """A sentence about the error when the last training of a model failed.

        It is forgotten as soon as something newer is served, whoever trained that.
        """
        job = self._jobs.get(model_type)
        return job.failure if job and not self._served_since(job.started) else None

    def has_served(self, model_type: ModelType) -> bool:
        """Whether something has been served since the last training of a model began."""
        job = self._jobs.get(model_type)
        return job is not None and self._served_since(job.started)

    def log(self, model_type: ModelType) -> Path:
        """Where the output of a training goes."""
        return self._dataset.models / f"training-{model_type}.log"

    def start(
        self, model_type: ModelType, config: Path | None = None, *, force: bool = False
    ) -> Job | None:
        """Start a training; None while another one runs, and after :meth:`stop`."""
        with self._lock:
            if self._stopped or self.running():
                return None
            log = self.log(model_type)
            log.parent.mkdir(parents=True, exist_ok=True)
            started = time.time()
            with log.open("wb") as out:
                process = subprocess.Popen(
                    self._command(self._dataset, model_type, config, force=force),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env={BY_VARIABLE: _BY, **os.environ, HOME_VARIABLE: str(self._dataset.root)},
                    start_new_session=True,  # so that Ctrl-C reaches it once, through stop()
                )
            self._jobs[model_type] = Job(process, log, started)
            return self._jobs[model_type]

    def stop(self) -> None:
        """Stop the running training, and refuse new ones.

        SIGTERM comes first, because the pipeline then stops its kernels.
        """
        with self._lock:
            self._stopped = True
            running = [job.process for job in self._jobs.values() if job.running]
        for process in running:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _served_since(self, moment: float) -> bool:
        try:
            return (self._dataset.models / CHAMPION).stat().st_mtime > moment
        except OSError:
            return False
