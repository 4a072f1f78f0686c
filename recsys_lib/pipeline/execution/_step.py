"""One step of a run: reused from an earlier run, or executed and held to its output contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_lib import errors, registry
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
from recsys_lib.files import describe, fingerprint, link_or_copy, read_json
from recsys_lib.pipeline.cache.plan import (
    CacheLookup,
    StepResult,
    outputs_on_disk,
    step_inputs,
)
from recsys_lib.pipeline.execution._kernels import Kernels
from recsys_lib.pipeline.execution._outputs import OutputContract
from recsys_lib.pipeline.execution._warnings import warnings_in
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.runs.record import StepRecord, now
from recsys_lib.pipeline.settings import DATASET, Settings
from recsys_lib.pipeline.steps import DATA, VERSION, Step
from recsys_lib.pipeline.table import independent
from recsys_lib.processors import processors
from recsys_lib.programs import runnable
from recsys_lib.registry import content_digest

if TYPE_CHECKING:
    from recsys_lib.pipeline.execution.notebook import CellError, Execution

_INPUT_OF_A_STEP = (f"input {DATA}", f"input {VERSION}")
_OUR_ERRORS = {name for name in vars(errors) if name.endswith("Error")}
_EXIT_CODES = {"InputDataError": EXIT_BAD_INPUT, "ParameterError": EXIT_BAD_PARAMETERS}


@dataclass(frozen=True)
class StepExecution:
    """Runs the steps of one run, whose folder is ``run_folder``.

    ``jobs`` steps run side by side and share the cores; ``timeout`` in seconds replaces that of the
    steps.
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
        entry.cache_key = asdict(lookup.key)
        entry.reason = lookup.reason
        if lookup.hit is None:
            return self._execute(lookup, entry)
        self._reuse(lookup.step, lookup.hit, entry)
        return EXIT_OK

    @property
    def _run_id(self) -> str:
        return self.run_folder.name

    def _reuse(self, step: Step, result: StepResult, entry: StepRecord) -> None:
        dataset = self.settings.dataset
        for name in step.version_folders:
            registry.adopt(dataset, self._run_id, name, dataset.version(result.run_id))
        executed = self.run_folder.parent / result.run_id / entry.notebook
        for source in (executed, executed.with_suffix(".html")):
            target = self.run_folder / source.name
            if source.is_file() and not target.exists():
                link_or_copy(source, target)
        entry.started_at, entry.status = now(), "cached"
        self._record_outputs(step, entry, step.outputs(dataset, self._run_id))
        self.progress.step_cached(step.name, entry.reason)

    def _execute(self, lookup: CacheLookup, entry: StepRecord) -> int:
        step = lookup.step
        entry.started_at, entry.status = now(), "failed"
        counts: Mapping[str, int] = {}
        if step.needs:
            try:
                counts = read_summary(self.settings.dataset.processed)["counts"]
                if step.has_nothing_to_do(counts):
                    return self._skip(step, entry)
                self.settings.sections[step.name].check_data(counts)
            except RecsysError as error:
                return self._fail(step, entry, "its parameters", str(error), error.exit_code)
        self.progress.step_started(step.name, entry.reason)
        before = self.contract.snapshot()
        absent = [name for name, count in counts.items() if not count]
        execution = self._run_notebook(step, entry, absent)
        if execution.error is not None:
            return self._end_with(execution.error, step, entry)
        try:
            self._record_outputs(step, entry, self.contract.check(step, before))
        except StepFailedError as error:
            return self._fail(step, entry, "its outputs", str(error), error.exit_code)
        changes = lookup.changes_meanwhile(self.settings, self._inputs(lookup.step))
        if moved := [change for change in changes if change.startswith(_INPUT_OF_A_STEP)]:
            reason = f"{moved[0]} while the step ran, so another process writes it: run again"
            return self._fail(step, entry, "its inputs", reason, EXIT_STEP_FAILED)
        if changes:
            self._refuse_reuse(entry, changes)
        entry.status = "executed"
        self.progress.step_done(step.name, execution.seconds, execution.peak_memory_mb)
        for note in entry.notes if step.on_request else ():  # somebody asked for them
            self.progress.note(f"{step.name}: {note}")
        return EXIT_OK

    def _inputs(self, step: Step) -> dict[str, str]:
        """Fingerprints of what a step reads, as they are on the disk now."""
        dataset = self.settings.dataset
        before = [other for other in self.contract.table if other.name in step.dependencies]
        known = {other.name: outputs_on_disk(other, dataset, self._run_id) for other in before}
        return step_inputs(step, self.settings, known)

    def _refuse_reuse(self, entry: StepRecord, changes: Sequence[str]) -> None:
        entry.reusable = False
        warning = (
            f"{entry.name}: {'; '.join(changes)} while the step ran, so no later run reuses its "
            "result"
        )
        entry.warnings.append(warning)
        self.progress.note(f"warning: {warning}")

    def _run_notebook(self, step: Step, entry: StepRecord, absent: Sequence[str]) -> Execution:
        from recsys_lib.pipeline.execution.notebook import (  # noqa: PLC0415  # slow import
            run_notebook,
            without_absent,
        )

        execution = run_notebook(
            without_absent(self.settings.notebook(step.notebook), absent),
            self.run_folder / entry.notebook,
            self._parameters(step),
            lambda number, total: self.progress.cell_started(step.name, number, total),
            timeout=self.timeout or step.timeout,
            threads=self._threads(step),
            kernels=self.kernels,
            project=self.settings.project,
        )
        entry.seconds = round(execution.seconds, 3)
        entry.startup_seconds = round(execution.startup_seconds, 3)
        entry.peak_memory_mb = round(execution.peak_memory_mb, 1)
        return execution

    def _end_with(self, error: CellError, step: Step, entry: StepRecord) -> int:
        place = f"cell {error.cell + 1}"
        if self.kernels.stopped:
            entry.reason = f"interrupted in {place}"
            return EXIT_INTERRUPTED
        code = _EXIT_CODES.get(error.name, EXIT_STEP_FAILED)
        reason = f"{error.name}: {error.message}"
        # An error of ours says all that there is to say.
        lines = () if error.name in _OUR_ERRORS else error.last_lines()
        return self._fail(step, entry, place, reason, code, lines)

    def _threads(self, step: Step) -> int:
        """The step's share of the cores, whether or not other steps happen to run beside it.

        The last digits of its results may depend on it, and a resumed run must give the same ones.
        """
        cores = processors()
        side_by_side = 1 + len(independent(step, self.contract.table))
        return cores if step.all_cores else max(1, cores // min(self.jobs, side_by_side))

    def _skip(self, step: Step, entry: StepRecord) -> int:
        entry.started_at, entry.status = None, "skipped"
        entry.reason = f"the dataset has no {' and no '.join(step.works_on)}"
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
        section = self.settings.sections[step.name].model_dump()
        parameters = {DATASET: self.settings.dataset_name, **section}
        return parameters | ({"version": self._run_id} if step.version_folders else {})

    def _record_outputs(self, step: Step, entry: StepRecord, paths: Sequence[Path]) -> None:
        entry.warnings = warnings_in(self.run_folder / entry.notebook)
        if step.metrics:
            stored = read_json(step.metrics_file(self.settings.dataset, self._run_id))
            entry.metrics, entry.notes = stored["metrics"], list(stored.get("sayings", ()))
            entry.advice = list(stored.get("advice", ()))
            entry.warnings += stored.get("warnings", ())
        for warning in entry.warnings:
            self.progress.note(f"warning: {runnable(warning)}")
        root = self.settings.dataset.root
        entry.outputs = [
            {"path": _relative(path, root), **describe(path), "content": content_digest(path)}
            for path in paths
        ]
        version = self.settings.dataset.version(self._run_id)
        folders = (version / name for name in sorted(step.version_folders))
        files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
        entry.files = {path.relative_to(version).as_posix(): fingerprint(path) for path in files}


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
