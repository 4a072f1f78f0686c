"""Run the steps one after the other, record everything, and leave a report."""

from __future__ import annotations

import os
import re
import signal
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recsys_lib.data.sources import find_source
from recsys_lib.errors import (
    EXIT_BAD_INPUT,
    EXIT_BAD_PARAMETERS,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_STEP_FAILED,
    ParameterError,
    StepFailedError,
)
from recsys_lib.files import describe, read_json
from recsys_lib.paths import outputs_root, project_root
from recsys_lib.pipeline.notebook import CellError, run_notebook
from recsys_lib.pipeline.progress import Progress
from recsys_lib.pipeline.record import (
    RunRecord,
    StepRecord,
    environment,
    git_state,
    now,
    previous_run,
)
from recsys_lib.pipeline.settings import Settings
from recsys_lib.pipeline.steps import Step
from recsys_lib.serving import registry

LATEST = "latest"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXIT_CODES = {"InputDataError": EXIT_BAD_INPUT, "ParameterError": EXIT_BAD_PARAMETERS}


@dataclass(frozen=True)
class Run:
    """One run: which steps of the table, with which settings, under which name.

    ``table`` has all steps of the pipeline, ``chosen`` those to run now.
    """

    table: Sequence[Step]
    chosen: Sequence[Step]
    settings: Settings
    run_id: str
    folder: Path

    @classmethod
    def prepare(
        cls,
        table: Sequence[Step],
        chosen: Sequence[Step],
        settings: Settings,
        run_id: str | None = None,
    ) -> Run:
        """Check everything that can be checked before a kernel starts.

        Raises ParameterError (run id taken, an earlier step never ran) and InputDataError.
        """
        run_id = run_id or new_run_id()
        if not _RUN_ID.fullmatch(run_id) or run_id == LATEST:
            raise ParameterError(f"--run-id {run_id!r} is not a plain folder name")
        run = cls(table, chosen, settings, run_id, outputs_root(settings.dataset.root) / run_id)
        if run.folder.exists() or settings.dataset.version(run_id).exists():
            raise ParameterError(f"run {run_id!r} exists already: choose another --run-id")
        if run._runs("etl") and not settings.dataset.is_sample:
            find_source(settings.dataset, settings.etl)
        run._adopt_earlier_results()
        return run

    def execute(self, progress: Progress) -> tuple[RunRecord, int]:
        """Run the chosen steps; returns the record and the exit code."""
        self.folder.mkdir(parents=True)
        record = self._new_record()
        record.save(self.folder)
        code = EXIT_OK
        with _terminable():
            try:
                for step, entry in zip(self.chosen, record.steps, strict=True):
                    code = self._execute_step(step, entry, progress)
                    record.save(self.folder)
                    if code != EXIT_OK:
                        break
                if code == EXIT_OK and any(step.model_folders for step in self.chosen):
                    registry.publish(self.settings.dataset, self.run_id)
                record.finish("succeeded" if code == EXIT_OK else "failed")
            except KeyboardInterrupt:
                code = EXIT_INTERRUPTED
                record.finish("interrupted")
            except Exception:
                record.finish("failed")
                record.save(self.folder)
                raise
        _mark_skipped(record)
        record.save(self.folder)
        self._report(record)
        return record, code

    def _execute_step(self, step: Step, entry: StepRecord, progress: Progress) -> int:
        dataset, section = self.settings.dataset, self.settings.sections[step.name]
        parameters = {"dataset": self.settings.dataset_name, **section.model_dump()}
        if step.model_folders or "{model}" in step.metrics:
            parameters["version"] = self.run_id
        entry.started_at, entry.status = now(), "failed"
        entry.reason = "interrupted"
        progress.step_started(step.name)
        done = run_notebook(
            project_root() / "notebooks" / f"{step.notebook}.ipynb",
            self.folder / entry.notebook,
            parameters,
            progress.cell_started,
        )
        entry.seconds = round(done.seconds, 3)
        entry.startup_seconds = round(done.startup_seconds, 3)
        entry.peak_memory_mb = round(done.peak_memory_mb, 1)
        if done.error is not None:
            entry.reason = f"{done.error.name}: {done.error.message}"
            progress.step_failed(step.name, done.error, self.folder / entry.notebook)
            return _EXIT_CODES.get(done.error.name, EXIT_STEP_FAILED)
        try:
            outputs = _delivered(step.outputs(dataset, self.run_id))
        except StepFailedError as error:
            entry.reason = str(error)
            failure = CellError("StepFailedError", str(error), 0)
            progress.step_failed(step.name, failure, self.folder / entry.notebook)
            return EXIT_STEP_FAILED
        entry.outputs = [{"path": str(path), **describe(path)} for path in outputs]
        entry.metrics = read_json(step.metrics_file(dataset, self.run_id))["metrics"]
        entry.status, entry.reason = "executed", ""
        progress.step_done(step.name, done)
        return EXIT_OK

    def _new_record(self) -> RunRecord:
        return RunRecord(
            run_id=self.run_id,
            dataset=self.settings.dataset.name,
            parameters=self.settings.as_dict(),
            changed_parameters=self.settings.changed,
            started_at=now(),
            steps=[StepRecord(step.name, f"{step.notebook}.ipynb") for step in self.chosen],
            git=git_state(),
            environment=environment(),
        )

    def _runs(self, name: str) -> bool:
        return any(step.name == name for step in self.chosen)

    def _adopt_earlier_results(self) -> None:
        """Bring what the chosen steps need, and do not make anew, from the champion."""
        dataset = self.settings.dataset
        by_name = {step.name: step for step in self.table}
        needed = {name for step in self.chosen for name in step.needs if not self._runs(name)}
        for name in sorted(needed):
            earlier = by_name[name]
            for folder in earlier.model_folders:
                registry.adopt(dataset, self.run_id, folder)
            for path in earlier.outputs(dataset, self.run_id):
                if not path.is_file():
                    raise ParameterError(
                        f"step {name!r} has to run first, it never did for dataset "
                        f"{dataset.name!r}: add it to --steps, or leave --steps away"
                    )

    def _report(self, record: RunRecord) -> None:
        from recsys_lib.pipeline.report import write_report  # noqa: PLC0415  # slow import

        earlier = previous_run(self.folder.parent, record.dataset, record.started_at)
        write_report(self.folder, previous=earlier)
        _point(self.folder.parent / LATEST, self.folder)


def new_run_id() -> str:
    """A name that sorts by time and is new: 20260131-235959-ab12."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"


def _delivered(paths: list[Path]) -> list[Path]:
    for path in paths:
        if not path.is_file() or path.stat().st_size == 0:
            raise StepFailedError(f"the notebook ended well, but {path} is missing or empty")
    return paths


def _mark_skipped(record: RunRecord) -> None:
    failed = next((step.name for step in record.steps if step.status == "failed"), None)
    for step in record.steps:
        if step.status == "skipped":
            step.reason = f"step {failed} did not succeed" if failed else "interrupted before"


def _point(link: Path, target: Path) -> None:
    """Let ``link`` show to ``target``, which lies beside it, in one move."""
    temporary = link.with_name(f".{link.name}.{uuid.uuid4().hex[:8]}")
    temporary.symlink_to(target.name)
    os.replace(temporary, link)


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM like Ctrl-C, so that kernels are stopped and the run is recorded."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
