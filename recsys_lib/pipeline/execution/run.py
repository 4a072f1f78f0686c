"""One run of the pipeline: checked, executed, recorded, published and reported."""

from __future__ import annotations

import os
import re
import shutil
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from recsys_lib import registry
from recsys_lib.errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_STEP_FAILED,
    ParameterError,
    RecsysError,
    StepFailedError,
    StorageError,
    WorseError,
)
from recsys_lib.files import read_json, sentence
from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.cache.code import check_notebook
from recsys_lib.pipeline.cache.plan import (
    known_counts,
    look_up,
    outputs_on_disk,
    step_inputs,
)
from recsys_lib.pipeline.execution._examples import ExampleProcess, keep_examples, wanted
from recsys_lib.pipeline.execution._first_search import FirstSearch
from recsys_lib.pipeline.execution._kernels import Kernels
from recsys_lib.pipeline.execution._outputs import OutputContract
from recsys_lib.pipeline.execution._schedule import Work, interruptible, run_side_by_side
from recsys_lib.pipeline.execution._serving import reason_against
from recsys_lib.pipeline.execution._step import StepExecution
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.runs.provenance import parameters_used
from recsys_lib.pipeline.runs.record import (
    DONE,
    NOT_SERVED,
    RECORD,
    RunRecord,
    StepRecord,
    environment,
    git_state,
    now,
)
from recsys_lib.pipeline.runs.stored import next_number, previous_run
from recsys_lib.pipeline.settings import Settings, changed_parameters
from recsys_lib.pipeline.steps import Step
from recsys_lib.pipeline.table import check_table
from recsys_lib.registry.in_use import only_run

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
    force: run steps that could be reused, too, and from their start.
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
    _examples: ExampleProcess = field(default_factory=ExampleProcess)
    _first: FirstSearch | None = None

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
            from recsys_lib.data.input_files import find_input_files  # noqa: PLC0415  # slow
            from recsys_lib.data.queries import reuse_results  # noqa: PLC0415  # slow import

            reuse_results()
            find_input_files(self.settings.dataset, self.settings.etl)

    def execute(self, progress: RunProgress) -> tuple[RunRecord, int]:
        """Run the chosen steps; returns the record and the exit code.

        Raises ParameterError if a step that they need never ran, and LockedError while another run
        works on the dataset.
        """
        self.settings = replace(self.settings, dataset=self.settings.dataset.claim())
        with only_run(self.settings.dataset, wait=self.wait), interruptible() as stop_requested:
            if self.force:
                shutil.rmtree(self.settings.dataset.checkpoints, ignore_errors=True)
            self._adopt_earlier_outputs()
            self.folder.mkdir(parents=True, exist_ok=True)
            progress.log_to(self.folder)
            record = self._new_record()
            record.save(self.folder)
            try:
                code = self._run_steps(record, progress, stop_requested)
                if code == EXIT_OK and any(step.version_folders for step in self.chosen):
                    self._publish(record)
                    self._keep_examples(record, progress)
                record.finish("succeeded" if code == EXIT_OK else "failed")
            except KeyboardInterrupt:
                self._kernels.stop()
                code = EXIT_INTERRUPTED
                record.finish("interrupted")
            except BaseException:
                record.finish("failed")
                raise
            finally:
                self._examples.stop()
                self._end_first_search()
                record.explain_skipped()
                record.save(self.folder)
            return record, self._report(record, code, progress)

    def _run_steps(
        self, record: RunRecord, progress: RunProgress, stop_requested: threading.Event
    ) -> int:
        contract = OutputContract(self.table, self.settings.dataset, self.run_id)
        execution = StepExecution(
            self.settings, contract, self.folder, progress, self._kernels, self.jobs, self.timeout
        )
        entries = {entry.name: entry for entry in record.steps}

        def begin(step: Step) -> Work:
            self._check_unmoved(step)
            inputs = step_inputs(step, self.settings, self._known)
            lookup = look_up(step, self.settings, inputs, force=self.force)
            if self.serve and lookup.hit is None and registry.BLEND_PART in step.version_folders:
                self._examples.start()  # it imports while the step works
            if self.serve and lookup.hit is None and registry.SEARCH_PART in step.version_folders:
                self._first = FirstSearch(self.settings, self.run_id, progress.note)
                self._first.start(self.chosen)
            return lambda: execution.run(lookup, entries[step.name])

        def end(step: Step) -> None:
            self._known[step.name] = self._outputs(step)
            if entries[step.name].status != "cached":  # after a kill it is found again at once
                record.save(self.folder)

        return run_side_by_side(self.chosen, self.jobs, begin, end, self._kernels, stop_requested)

    def _publish(self, record: RunRecord) -> None:
        """Seal the model version and serve it, unless it is worse, or was not measured as it is."""
        self._end_first_search()
        dataset = self.settings.dataset
        registry.publish(dataset, self.run_id, serve=False)
        if not self.serve:
            return
        reason = reason_against(self.table, record, dataset)
        try:
            if not reason:
                verdict = registry.promote(dataset, self.run_id, by_hand=False)
                record.verdict = str(verdict or "")
                registry.remove_first_searches(dataset)
        except WorseError as error:
            reason = str(error)
        if reason:
            record.warnings.append(f"{NOT_SERVED}{reason}")

    def _end_first_search(self) -> None:
        """End the process that builds it; what it has published stays."""
        if self._first is not None:
            self._first.stop()

    def _keep_examples(self, record: RunRecord, progress: RunProgress) -> None:
        """Ask the version for a few people; the run has succeeded without them."""
        version = self.settings.dataset.version(self.run_id)
        if not self.serve or not wanted(version):
            return
        outputs = self.folder.parent
        earlier = previous_run(outputs, record.dataset, record.started_at, record.number)
        previous = outputs / earlier["run_id"] if earlier else None
        try:
            keep_examples(self._examples, version, self.folder, previous)
        except RecsysError as error:
            reason = f"no examples of what is recommended: {error}"
            record.warnings.append(reason)
            progress.note(f"warning: {reason}")

    def _outputs(self, step: Step) -> dict[str, str]:
        return outputs_on_disk(step, self.settings.dataset, self.run_id)

    def _check_unmoved(self, step: Step) -> None:
        """Raise StepFailedError if somebody changed what the steps before have written."""
        for other in self.table:
            if other.name in step.dependencies and self._known[other.name] != self._outputs(other):
                raise StepFailedError(
                    f"what step {other.name!r} wrote was changed by another process before step "
                    f"{step.name!r} could read it: run again"
                )

    def _new_record(self) -> RunRecord:
        others = [s for s in self.table if s not in self.chosen and not s.on_request]
        dataset, served = self.settings.dataset, registry.champion(self.settings.dataset)
        known = {
            s.name: outputs_on_disk(s, dataset, served.name if served else "none") for s in others
        }
        parameters = parameters_used(self.settings, others, known)
        return RunRecord(
            run_id=self.run_id,
            number=next_number(self.folder.parent),
            dataset=dataset.name,
            parameters=parameters,
            changed_parameters=changed_parameters(parameters),
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
                    f"{dataset.name!r}: add it to --steps, or run all steps first"
                )

    def _report(self, record: RunRecord, code: int, progress: RunProgress) -> int:
        """Write the report, then let ``latest`` point to it; returns the exit code.

        The models are done by now: what goes wrong here does not undo them. After an interruption
        the run can be resumed, and ``latest`` is still the last run with a whole report.
        """
        from recsys_lib.pipeline.report import write_report  # noqa: PLC0415  # slow import

        before = record.started_at, record.number
        try:
            previous = previous_run(self.folder.parent, record.dataset, *before)
            write_report(self.folder, previous=previous)
        except KeyboardInterrupt:
            record.status = "interrupted"
            record.save(self.folder)
            return EXIT_INTERRUPTED
        except (OSError, StorageError) as error:
            progress.error(f"the report could not be written: {sentence(error)}")
            return code or EXIT_STEP_FAILED
        if problem := _link(self.folder.parent / LATEST, self.folder):
            progress.note(f"warning: {problem}")
        return code


def _link(link: Path, target: Path) -> str:
    """Let ``link`` point to ``target``, a folder beside it, in one atomic move.

    Returns why that is not possible; the run has succeeded without it.
    """
    temporary = link.with_name(f".{link.name}.{uuid.uuid4().hex[:8]}")
    try:
        temporary.symlink_to(target.name)
        os.replace(temporary, link)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        return f"{link} does not lead to this run ({error.strerror}): see {target}"
    return ""
