"""Bring about the steps of a run, side by side where they can be, and record everything."""

from __future__ import annotations

import os
import re
import signal
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from recsys_lib.data.input_files import find_input_files
from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, ParameterError, WorseError
from recsys_lib.files import read_json
from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.cache.code import check_notebook
from recsys_lib.pipeline.cache.plan import look_up, notebook_of, outputs_on_disk, step_inputs
from recsys_lib.pipeline.execution.kernels import Kernels
from recsys_lib.pipeline.execution.outputs import OutputContract
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.step import StepExecution
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
from recsys_lib.registry import versions as registry

LATEST = "latest"
_POLL_SECONDS = 0.2  # a signal that another thread receives does not wake a wait without end
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass
class Run:
    """One run: which steps of the table, with which settings, under which name.

    ``table`` has all steps of the pipeline, ``chosen`` those to bring about now; ``force``
    executes them also when an earlier run made the same; ``jobs`` of them run side by side.
    ``resumed`` says that the run is there already and goes on. ``serve`` lets its models be
    served when it succeeds. ``timeout`` in seconds replaces that of the steps; ``wait`` waits for
    another run of the dataset.
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
        """Find out before a kernel starts what would go wrong.

        Raises ParameterError (a run id that is taken or no name, a notebook that takes no
        parameters) and InputDataError.
        """
        if not _RUN_ID.fullmatch(self.run_id) or self.run_id == LATEST:
            raise ParameterError(f"--run-id {self.run_id!r} is not a plain folder name")
        taken = self.folder.exists() or self.settings.dataset.version(self.run_id).exists()
        if taken and not self.resumed:
            raise ParameterError(f"run {self.run_id!r} exists already: choose another --run-id")
        for step in self.chosen:
            check_notebook(notebook_of(step))
        if any(not step.needs for step in self.chosen) and not self.settings.dataset.is_sample:
            find_input_files(self.settings.dataset, self.settings.etl)

    def execute(self, progress: RunProgress) -> tuple[RunRecord, int]:
        """Bring about the chosen steps; returns the record and the exit code.

        Raises ParameterError when a step was not chosen that never ran, and LockedError when
        another run works on the dataset.
        """
        self.settings = replace(self.settings, dataset=self.settings.dataset.claim())
        with only_run(self.settings.dataset, wait=self.wait), _terminable() as asked_to_stop:
            self._adopt_earlier_results()
            self.folder.mkdir(parents=True, exist_ok=True)
            progress.log_to(self.folder)
            record = self._new_record()
            record.save(self.folder)
            try:
                code = self._run_steps(record, progress, asked_to_stop)
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
                _mark_skipped(record)
                record.save(self.folder)
            self._report(record)
        return record, code

    def _publish(self, record: RunRecord, progress: RunProgress) -> None:
        """Seal the models and serve them, unless they are worse than those that are served."""
        try:
            registry.publish(self.settings.dataset, self.run_id, serve=self.serve)
        except WorseError as error:
            record.warnings.append(f"Not served: {error}")
            progress.note(f"not served: {error}")

    def _run_steps(
        self, record: RunRecord, progress: RunProgress, asked_to_stop: threading.Event
    ) -> int:
        """Start each step when the steps that it needs are done; stop starting at a failure."""
        contract = OutputContract(self.table, self.settings.dataset, self.run_id)
        execution = StepExecution(
            self.settings, contract, self.folder, progress, self._kernels, self.jobs, self.timeout
        )
        waiting = dict(zip(self.chosen, record.steps, strict=True))
        running: dict[Future[int], Step] = {}
        code = EXIT_OK
        with _pool(self.jobs, self._kernels) as pool:
            while running or (waiting and code == EXIT_OK):
                for step in [s for s in waiting if self._is_ready(s, code, running)]:
                    inputs = step_inputs(step, self.settings, self._known)
                    lookup = look_up(step, self.settings, inputs, force=self.force)
                    future = pool.submit(execution.run, lookup, waiting.pop(step))
                    running[future] = step
                finished = wait(running, _POLL_SECONDS, FIRST_COMPLETED).done
                if asked_to_stop.is_set():
                    raise KeyboardInterrupt
                for future in finished:
                    step = running.pop(future)
                    code = code or future.result()
                    self._known[step.name] = self._outputs(step)
                    record.save(self.folder)
        return code

    def _is_ready(self, step: Step, code: int, running: dict[Future[int], Step]) -> bool:
        free = len(running) < self.jobs
        return code == EXIT_OK and free and all(name in self._known for name in step.after)

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
            git=git_state(),
            serve=self.serve,
            environment=environment(),
        )

    def _entry(self, step: Step) -> StepRecord:
        """A new record of a step; in a resumed run that of before, when the step was done."""
        if self.resumed:
            for entry in read_json(self.folder / RECORD)["steps"]:
                if entry["name"] == step.name and entry["status"] in DONE:
                    return StepRecord(**entry)
        return StepRecord(step.name, f"{step.notebook}.ipynb")

    def _adopt_earlier_results(self) -> None:
        """Bring what the chosen steps need, and were not chosen, from the champion."""
        dataset, chosen = self.settings.dataset, {step.name for step in self.chosen}
        needed = {name for step in self.chosen for name in step.needs} - chosen
        used = {name for step in self.chosen for name in step.after} - chosen
        for step in self.table:
            if step.name not in used:
                continue
            for folder in step.version_folders:
                registry.adopt(dataset, self.run_id, folder)
            self._known[step.name] = self._outputs(step)
            if step.name in needed and set(self._known[step.name]) != set(step.produces):
                raise ParameterError(
                    f"step {step.name!r} has to run first, it never did for dataset "
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


def _mark_skipped(record: RunRecord) -> None:
    failed = next((step.name for step in record.steps if step.status == "failed"), None)
    if record.status == "interrupted":
        reason = "the run was interrupted before"
    else:
        reason = f"step {failed} did not succeed" if failed else "the run ended before"
    for step in record.steps:
        if step.status == "skipped" and not step.started_at and not step.cache_key:
            step.reason = reason


def _point(link: Path, target: Path) -> None:
    """Let ``link`` show to ``target``, which lies beside it, in one move."""
    temporary = link.with_name(f".{link.name}.{uuid.uuid4().hex[:8]}")
    temporary.symlink_to(target.name)
    os.replace(temporary, link)


@contextmanager
def _pool(jobs: int, kernels: Kernels) -> Iterator[ThreadPoolExecutor]:
    """Threads that watch kernels; after an interruption the kernels are stopped, too."""
    pool = ThreadPoolExecutor(jobs)
    try:
        yield pool
    except KeyboardInterrupt:
        kernels.stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _terminable() -> Iterator[threading.Event]:
    """Let signals interrupt, also that of a closed terminal: kernels are stopped, the run recorded.

    The event says that it was asked for: an exception alone can get lost, where Python ignores
    those of a destructor.
    """
    asked = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        asked.set()
        raise KeyboardInterrupt

    heard = [s for s in _STOPPING if signal.getsignal(s) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
