"""The command line of the pipeline: ``python run_pipeline.py`` and ``recsys run``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, ParameterError, RecsysError
from recsys_lib.paths import HOME_VARIABLE, outputs_root, project_root
from recsys_lib.pipeline.cache.plan import plan
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import LATEST, Run, new_run_id
from recsys_lib.pipeline.options import add_arguments
from recsys_lib.pipeline.report import REPORT
from recsys_lib.pipeline.runs.record import RunRecord, records_of
from recsys_lib.pipeline.runs.tracking import check_tracking, track
from recsys_lib.pipeline.settings import Settings, read_settings, read_values
from recsys_lib.pipeline.steps import Step, select
from recsys_lib.pipeline.sweep import Sweep, in_words, read_grid


def run_command(table: Sequence[Step], options: argparse.Namespace) -> int:
    """Run the pipeline as the options say; returns the exit code."""
    progress = RunProgress(quiet=options.quiet)
    command = _Command(table, options, progress)
    try:
        command.check()
        return command.sweep() if options.grid else command.single()
    except RecsysError as error:
        progress.error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        progress.error("interrupted")
        return EXIT_INTERRUPTED


def main(table: Sequence[Step], arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``run_pipeline.py``."""
    parser = argparse.ArgumentParser(
        prog="run_pipeline.py", description="Run the notebooks and leave a report in outputs/."
    )
    add_arguments(parser)
    return run_command(table, parser.parse_args(arguments))


def unfinished(settings: Settings, run_id: str) -> dict[str, Any]:
    """The record of the run to go on with; ParameterError when there is none."""
    records = records_of(outputs_root(settings.dataset.root))
    for record in records:
        if record["run_id"] == run_id or (not run_id and record["status"] != "succeeded"):
            if record["status"] == "succeeded":
                raise ParameterError(f"run {run_id!r} succeeded: there is nothing to go on with")
            return record
    raise ParameterError(f"there is no run {run_id!r}" if run_id else "there is no unfinished run")


def resume_command(run_id: str) -> str:
    """What a person types, here and in this environment, to go on with a run."""
    programs = [Path(sys.executable), project_root() / "run_pipeline.py"]
    here = Path.cwd()
    words = [str(p.relative_to(here) if p.is_relative_to(here) else p) for p in programs]
    home = os.environ.get(HOME_VARIABLE)
    prefix = f"{HOME_VARIABLE}={shlex.quote(home)} " if home else ""
    return prefix + shlex.join([*words, "--resume", run_id])


@dataclass(frozen=True)
class _Command:
    table: Sequence[Step]
    options: argparse.Namespace
    progress: RunProgress

    def check(self) -> None:
        """Refuse options that cannot be meant; ParameterError."""
        options = self.options
        if options.jobs < 1:
            raise ParameterError(f"--jobs must be at least 1, got {options.jobs}")
        if options.timeout is not None and options.timeout <= 0:
            raise ParameterError(f"--timeout must be more than 0 s, got {options.timeout:g}")
        if options.grid and options.resume is not None:
            raise ParameterError("--grid goes on by itself: give the same --grid without --resume")
        set_by_the_run = (options.assignments, options.config, options.steps, options.start)
        if options.resume is not None and any((*set_by_the_run, options.run_id)):
            raise ParameterError(
                "--resume goes on with the parameters, the steps and the name of that run: leave "
                "--set, --config, --steps, --from and --run-id away, or start a new run"
            )
        if options.mlflow:
            check_tracking()

    def single(self) -> int:
        """One run."""
        options = self.options
        settings = read_settings(options.config, options.assignments)
        names = [name.strip() for name in options.steps.split(",") if name.strip()]
        run_id, resumed, serve = options.run_id or new_run_id(), options.resume is not None, True
        if resumed:
            record = unfinished(settings, options.resume)
            settings, run_id = read_values(record["parameters"]), record["run_id"]
            names, serve = [step["name"] for step in record["steps"]], record.get("serve", True)
        run = self._run(settings, run_id, names, resumed=resumed, serve=serve)
        if options.plan:
            self._print_plan(run)
            return EXIT_OK
        return self._execute(run)

    def sweep(self) -> int:
        """A run for each combination of the grid, all of them checked before the first starts."""
        options, combinations = self.options, read_grid(self.options.grid)
        name = options.run_id or new_run_id()
        names = [name.strip() for name in options.steps.split(",") if name.strip()]
        runs = []
        for number, combination in enumerate(combinations, start=1):
            settings = read_settings(options.config, options.assignments, combination)
            runs.append(self._run(settings, f"{name}-{number:02}", names, serve=False))
        if not options.plan:
            return Sweep(name, combinations, runs).execute(self._execute, self.progress)
        self.progress.note("what several combinations share runs once")
        for combination, run in zip(combinations, runs, strict=True):
            self.progress.note(f"\n{in_words(combination)}")
            self._print_plan(run)
        return EXIT_OK

    def _run(self, settings: Settings, run_id: str, names: Sequence[str], **how: Any) -> Run:
        options = self.options
        chosen = select(self.table, names, options.start)
        run = Run(
            self.table,
            chosen,
            settings,
            run_id,
            force=options.force,
            jobs=options.jobs,
            timeout=options.timeout,
            wait=options.wait,
            **how,
        )
        run.check()
        return run

    def _execute(self, run: Run) -> int:
        dataset = run.settings.dataset
        self.progress.note(f"run {run.run_id}, dataset {dataset.name}")
        if dataset.name_note:
            self.progress.note(dataset.name_note)
        record, code = run.execute(self.progress)
        self._print_end(run, record, code)
        if self.options.mlflow:
            self.progress.note(f"tracked: {track(run.folder)}")
        return code

    def _print_plan(self, run: Run) -> None:
        self.progress.note(f"dataset {run.settings.dataset.name}: {run.settings.dataset.raw}")
        for step, action, reason in plan(run.table, run.chosen, run.settings, force=run.force):
            self.progress.note(f"{step.name:<10} {action:<7} {reason}")
        for name in run.settings.changed:
            section, _, field = name.partition(".")
            value = getattr(run.settings.sections[section], field)
            self.progress.note(f"changed    {name} = {value!r}")

    def _print_end(self, run: Run, record: RunRecord, code: int) -> None:
        if code == EXIT_OK:
            report = run.folder.parent / LATEST if run.serve else run.folder
            self.progress.note(f"{record.status}: {report / REPORT}")
            return
        for step in record.steps:
            if step.status == "failed":
                self.progress.error(f"the notebook with the error: {run.folder / step.notebook}")
        self.progress.error(f"{record.status}: {run.folder / REPORT}")
        self.progress.error(f"to go on from there: {resume_command(run.run_id)}")
