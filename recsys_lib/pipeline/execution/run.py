"""One run of the pipeline: checked, executed, recorded, published and reported."""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from recsys_lib import registry
from recsys_lib.data.input_files import find_input_files
from recsys_lib.data.queries import reuse_results
from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, ParameterError, WorseError
from recsys_lib.files import read_json
from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.cache.code import check_notebook
from recsys_lib.pipeline.cache.plan import (
    known_counts,
    look_up,
    outputs_on_disk,
    step_inputs,
)
from recsys_lib.pipeline.execution._kernels import Kernels
from recsys_lib.pipeline.execution._outputs import OutputContract
from recsys_lib.pipeline.execution._schedule import Work, interruptible, run_side_by_side
from recsys_lib.pipeline.execution._step import StepExecution
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.runs.lock import only_run
from recsys_lib.pipeline.runs.record import (
    DONE,
    RECORD,
    RunRecord,
    StepRecord,
    environment,
    git_state,
    now,
    previous_run,
)
from recsys_lib.pipeline.settings import Settings
from recsys_lib.pipeline.steps import Step
from recsys_lib.pipeline.table import check_table

LATEST = "latest"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass
class Run:
    """One run: which steps, with which settings, under which name.

    Parameters
    ----------
    table: all steps of the pipeline.
    chosen: the steps to run, in running order.
    settings: the parameters of all steps.
    run_id: name of the run's folder in outputs/, and of its model version.
    force: run steps that could be reused, too.
    jobs: how many steps run side by side.
    resumed: the run exists and goes on.
    serve: make its models the champion if it succeeds.
    timeout: in seconds, replaces that of the steps.
    wait: wait for another run of the dataset to end.
    """

    table: Sequence[Step]
    chosen: Sequence[Step]
    settings: Settings
    run_id: str
    force: bool = False
    jobs: int = 1
    resumed: bool = False
    serve: bool = True
    timeout: float | None = None
    wait: bool = False
    _known: dict[str, dict[str, str]] = field(default_factory=dict)
    _kernels: Kernels = field(default_factory=Kernels)

    @property
    def folder(self) -> Path:
        """Where the record, the notebooks and the report go."""
        return outputs_root(self.settings.dataset.root) / self.run_id

    def check(self) -> None:
        """Find mistakes before a kernel starts.

        Raises ParameterError (for the table of steps, the run id or a notebook) and InputDataError.
        """
        check_table(self.table)
        if not _RUN_ID.fullmatch(self.run_id) or self.run_id == LATEST:
            raise ParameterError(f"--run-id {self.run_id!r} is not a plain folder name")
        taken = self.folder.exists() or self.settings.dataset.version(self.run_id).exists()
        if taken and not self.resumed:
            raise ParameterError(f"run {self.run_id!r} exists already: choose another --run-id")
        for step in self.chosen:
            check_notebook(self.settings.notebook(step.notebook))
        if any(not step.needs for step in self.chosen) and not self.settings.dataset.is_sample:
            reuse_results()
            find_input_files(self.settings.dataset, self.settings.etl)

    def execute(self, progress: RunProgress) -> tuple[RunRecord, int]:
        """Run the chosen steps; returns the record and the exit code.

        Raises ParameterError if a step that they need never ran, and LockedError while another run
        works on the dataset.
        """
        self.settings = replace(self.settings, dataset=self.settings.dataset.claim())
        with only_run(self.settings.dataset, wait=self.wait), interruptible() as stop_requested:
            self._adopt_earlier_outputs()
            self.folder.mkdir(parents=True, exist_ok=True)
            progress.log_to(self.folder)
            record = self._new_record()
            record.save(self.folder)
            try:
                code = self._run_steps(record, progress, stop_requested)
                if code == EXIT_OK and any(step.version_folders for step in self.chosen):
                    self._publish(record, progress)
                record.finish("succeeded" if code == EXIT_OK else "failed")
            except KeyboardInterrupt:
                self._kernels.stop()
                code = EXIT_INTERRUPTED
                record.finish("interrupted")
            except BaseException:
                record.finish("failed")
                raise
            finally:
                record.explain_skipped()
                record.save(self.folder)
            self._report(record)
        return record, code

    def _run_steps(
        self, record: RunRecord, progress: RunProgress, stop_requested: threading.Event
    ) -> int:
        contract = OutputContract(self.table, self.settings.dataset, self.run_id)
        execution = StepExecution(
            self.settings, contract, self.folder, progress, self._kernels, self.jobs, self.timeout
        )
        entries = {entry.name: entry for entry in record.steps}

        def begin(step: Step) -> Work:
            inputs = step_inputs(step, self.settings, self._known)
            lookup = look_up(step, self.settings, inputs, force=self.force)
            return lambda: execution.run(lookup, entries[step.name])

        def end(step: Step) -> None:
            self._known[step.name] = self._outputs(step)
            record.save(self.folder)

        return run_side_by_side(self.chosen, self.jobs, begin, end, self._kernels, stop_requested)

    def _publish(self, record: RunRecord, progress: RunProgress) -> None:
        """Seal the model version and serve it, unless it is worse than the champion."""
        try:
            registry.publish(self.settings.dataset, self.run_id, serve=self.serve)
        except WorseError as error:
            record.warnings.append(f"Not served: {error}")
            progress.note(f"not served: {error}")

    def _outputs(self, step: Step) -> dict[str, str]:
        return outputs_on_disk(step, self.settings.dataset, self.run_id)

    def _new_record(self) -> RunRecord:
        return RunRecord(
            run_id=self.run_id,
            dataset=self.settings.dataset.name,
            parameters=self.settings.as_dict(),
            changed_parameters=self.settings.changed,
            started_at=now(),
            steps=[self._entry(step) for step in self.chosen],
            git=git_state(self.settings.project),
            serve=self.serve,
            environment=environment(),
        )

    def _entry(self, step: Step) -> StepRecord:
        """A new record of a step; in a resumed run the old one, if the step was done."""
        if self.resumed:
            for entry in read_json(self.folder / RECORD)["steps"]:
                if entry["name"] == step.name and entry["status"] in DONE:
                    return StepRecord.from_dict(entry)
        return StepRecord(step.name, f"{step.notebook}.ipynb")

    def _adopt_earlier_outputs(self) -> None:
        """Take from the champion what the chosen steps read, but no chosen step makes."""
        dataset, chosen = self.settings.dataset, {step.name for step in self.chosen}
        needed = {name for step in self.chosen for name in step.needs} - chosen
        wanted = {name for step in self.chosen for name in step.dependencies} - chosen
        counts = known_counts(dataset)
        for step in self.table:
            if step.name not in wanted:
                continue
            for folder in step.version_folders:
                registry.adopt(dataset, self.run_id, folder)
            self._known[step.name] = self._outputs(step)
            lacks = set(step.given(counts).produces) - set(self._known[step.name])
            if step.name in needed and lacks and not step.has_nothing_to_do(counts):
                raise ParameterError(
                    f"step {step.name!r} must run first, but never did for dataset "
                    f"{dataset.name!r}: add it to --steps, or leave out --steps"
                )

    def _report(self, record: RunRecord) -> None:
        from recsys_lib.pipeline.report import write_report  # noqa: PLC0415  # slow import

        previous = previous_run(self.folder.parent, record.dataset, record.started_at)
        write_report(self.folder, previous=previous)
        _link(self.folder.parent / LATEST, self.folder)


def _link(link: Path, target: Path) -> None:
    """Let ``link`` point to ``target``, a folder beside it, in one atomic move."""
    temporary = link.with_name(f".{link.name}.{uuid.uuid4().hex[:8]}")
    temporary.symlink_to(target.name)
    os.replace(temporary, link)
