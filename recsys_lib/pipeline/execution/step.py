"""One step of a run: taken from an earlier run, or executed and checked for what it left."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recsys_lib.data.summary import read_summary
from recsys_lib.errors import (
    EXIT_BAD_INPUT,
    EXIT_BAD_PARAMETERS,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_STEP_FAILED,
    RecsysError,
    StepFailedError,
)
from recsys_lib.files import describe, link_or_copy, read_json
from recsys_lib.pipeline.cache.plan import CacheLookup, StepResult, notebook_of
from recsys_lib.pipeline.execution.kernels import Kernels
from recsys_lib.pipeline.execution.outputs import OutputContract
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.runs.record import StepRecord, now
from recsys_lib.pipeline.settings import DATASET, Settings
from recsys_lib.pipeline.steps import Step, independent
from recsys_lib.registry import versions as registry

_EXIT_CODES = {"InputDataError": EXIT_BAD_INPUT, "ParameterError": EXIT_BAD_PARAMETERS}


@dataclass(frozen=True)
class StepExecution:
    """Brings about one step of the run whose folder is ``run_folder``.

    ``jobs`` steps run side by side and share the processor; ``timeout`` in seconds replaces that
    of the step.
    """

    settings: Settings
    contract: OutputContract
    run_folder: Path
    progress: RunProgress
    kernels: Kernels
    jobs: int = 1
    timeout: float | None = None

    def run(self, lookup: CacheLookup, entry: StepRecord) -> int:
        """Fill in the step's record; returns the exit code that the step means for the run."""
        entry.cache_key = asdict(lookup.cache_key)
        entry.reason = lookup.reason
        if lookup.earlier is not None:
            self._take(lookup.step, lookup.earlier, entry)
            return EXIT_OK
        return self._execute(lookup.step, entry)

    @property
    def _run_id(self) -> str:
        return self.run_folder.name

    def _take(self, step: Step, earlier: StepResult, entry: StepRecord) -> None:
        dataset = self.settings.dataset
        for name in step.version_folders:
            registry.adopt(dataset, self._run_id, name, dataset.version(earlier.run_id))
        made = self.run_folder.parent / earlier.run_id / entry.notebook
        for source in (made, made.with_suffix(".html")):
            target = self.run_folder / source.name
            if source.is_file() and not target.exists():
                link_or_copy(source, target)
        entry.started_at, entry.status = now(), "cached"
        self._deliver(step, entry, step.outputs(dataset, self._run_id))
        self.progress.step_cached(step.name, entry.reason)

    def _execute(self, step: Step, entry: StepRecord) -> int:
        from recsys_lib.pipeline.execution.notebook import run_notebook  # noqa: PLC0415  # slow import

        entry.started_at, entry.status = now(), "failed"
        if step.needs:
            try:
                counts = read_summary(self.settings.dataset.processed)["counts"]
                if step.skip_unless and not counts.get(step.skip_unless):
                    return self._skip(step, entry)
                self.settings.sections[step.name].check_data(counts)
            except RecsysError as error:
                return self._fail(step, entry, "its parameters", str(error), error.exit_code)
        self.progress.step_started(step.name, entry.reason)
        before = self.contract.snapshot()
        done = run_notebook(
            notebook_of(step),
            self.run_folder / entry.notebook,
            self._parameters(step),
            lambda number, total: self.progress.cell_started(step.name, number, total),
            timeout=self.timeout or step.timeout,
            threads=self._threads(step),
            kernels=self.kernels,
        )
        entry.seconds = round(done.seconds, 3)
        entry.startup_seconds = round(done.startup_seconds, 3)
        entry.peak_memory_mb = round(done.peak_memory_mb, 1)
        if done.error is not None and self.kernels.stopped:
            entry.reason = f"interrupted in cell {done.error.cell + 1}"
            return EXIT_INTERRUPTED
        if done.error is not None:
            place, code = f"cell {done.error.cell + 1}", _EXIT_CODES.get(done.error.name)
            reason = f"{done.error.name}: {done.error.message}"
            lines = done.error.last_lines()
            return self._fail(step, entry, place, reason, code or EXIT_STEP_FAILED, lines)
        try:
            self._deliver(step, entry, self.contract.check(step, before))
        except StepFailedError as error:
            return self._fail(step, entry, "its outputs", str(error), error.exit_code)
        entry.status = "executed"
        self.progress.step_done(step.name, done.seconds, done.peak_memory_mb)
        return EXIT_OK

    def _threads(self, step: Step) -> int:
        """The step's share of the processor: the same whatever happens to run beside it.

        What a step computes may depend on it in the last digits, and a resumed run must not.
        """
        cores = os.cpu_count() or 1
        beside = independent(step, self.contract.table)
        return cores if step.all_cores else max(1, cores // min(self.jobs, 1 + len(beside)))

    def _skip(self, step: Step, entry: StepRecord) -> int:
        entry.started_at, entry.status = None, "skipped"
        entry.reason = f"the dataset has no {step.skip_unless}"
        self.progress.step_skipped(step.name, entry.reason)
        return EXIT_OK

    def _fail(
        self,
        step: Step,
        entry: StepRecord,
        place: str,
        reason: str,
        code: int,
        lines: Sequence[str] = (),
    ) -> int:
        entry.reason = reason
        self.progress.step_failed(step.name, place, reason, lines)
        return code

    def _parameters(self, step: Step) -> dict[str, Any]:
        parameters = {
            DATASET: self.settings.dataset_name,
            **self.settings.sections[step.name].model_dump(),
        }
        return parameters | ({"version": self._run_id} if step.version_folders else {})

    def _deliver(self, step: Step, entry: StepRecord, paths: Sequence[Path]) -> None:
        """Note outputs and metrics."""
        entry.outputs = [{"path": str(path), **describe(path)} for path in paths]
        if step.metrics:
            metrics = step.metrics_file(self.settings.dataset, self._run_id)
            entry.metrics = read_json(metrics)["metrics"]
