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

from recsys_lib.arguments import Parser
from recsys_lib.errors import (
    EXIT_BAD_INPUT,
    EXIT_BAD_PARAMETERS,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_STEP_FAILED,
    ParameterError,
    RecsysError,
    TrackingError,
)
from recsys_lib.files import sentence
from recsys_lib.paths import HOME_VARIABLE, Dataset, outputs_root, project_root
from recsys_lib.pipeline.cache.plan import plan
from recsys_lib.pipeline.ending import example_lines, next_lines, quality_line
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import LATEST, Run
from recsys_lib.pipeline.options import add_arguments
from recsys_lib.pipeline.report import REPORT
from recsys_lib.pipeline.runs.mlflow_versions import register_champion
from recsys_lib.pipeline.runs.record import NOT_SERVED, RunRecord, new_run_id
from recsys_lib.pipeline.runs.stored import damaged_records, unfinished_run
from recsys_lib.pipeline.runs.tracking import check_tracking, keep_for_later, track, untracked
from recsys_lib.pipeline.settings import (
    DATASET,
    Settings,
    read_settings,
    read_values,
    sections_of,
)
from recsys_lib.pipeline.steps import Step
from recsys_lib.pipeline.sweep import Sweep, label, read_grid
from recsys_lib.pipeline.table import check_table, select
from recsys_lib.programs import runnable
from recsys_lib.registry import champion


def run_command(
    table: Sequence[Step], options: argparse.Namespace, *, project: Path | None = None
) -> int:
    """Run the pipeline, print a plan or run a sweep, as the options say.

    Parameters
    ----------
    table : sequence of Step
        All steps of the pipeline.
    options : argparse.Namespace
        The options that :func:`recsys_lib.pipeline.options.add_arguments` declares.
    project : Path, optional
        The checkout that holds ``notebooks/`` and ``recsys_lib/``, by default this one.

    Returns
    -------
    int
        The exit code: 0 done, 1 a step failed, 2 bad parameters, 3 unusable input, 130 interrupted.
        Errors are printed, not raised.

    Examples
    --------
    >>> import argparse
    >>> from recsys_lib.pipeline import Step, add_arguments, run_command
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> table = (Step("etl", "01_etl"), Step("als", "02_train_als", needs=("etl",)))
    >>> run_command(table, parser.parse_args(["--steps", "etl", "--plan", "--force", "--quiet"]))
    0
    """
    progress = RunProgress(quiet=options.quiet)
    command = _Command(table, options, progress, project or project_root())
    try:
        command.check()
        return command.sweep() if options.grid else command.single()
    except RecsysError as error:
        progress.error(runnable(str(error)))
        return error.exit_code
    except OSError as error:
        progress.error(sentence(error))
        return EXIT_STEP_FAILED
    except KeyboardInterrupt:
        progress.error("interrupted")
        return EXIT_INTERRUPTED


def main(
    table: Sequence[Step], arguments: Sequence[str] | None = None, *, project: Path | None = None
) -> int:
    """Entry point of ``run_pipeline.py``; returns the exit code."""
    parser = Parser(
        "run_pipeline.py",
        "Run the notebooks and write a report to outputs/.",
        "python run_pipeline.py --set dataset=/data/shop --set als.factors=64",
    )
    add_arguments(parser, table)
    return run_command(table, parser.parse(arguments), project=project)


def resume_command(run_id: str, project: Path) -> str:
    """What to type in this environment to resume a run."""
    programs = [Path(sys.executable), project / "run_pipeline.py"]
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
    project: Path

    def check(self) -> None:
        """Refuse a table that cannot run, and options that contradict each other."""
        check_table(self.table)
        options = self.options
        if options.jobs < 1:
            raise ParameterError(f"--jobs must be at least 1, got {options.jobs}")
        if options.timeout is not None and options.timeout <= 0:
            raise ParameterError(f"--timeout must be more than 0 s, got {options.timeout:g}")
        if options.grid and options.resume is not None:
            raise ParameterError("a sweep resumes by itself: repeat --grid without --resume")
        others = [text for text in options.assignments if not text.startswith(f"{DATASET}=")]
        fixed = (others, options.config, options.steps, options.start, options.run_id)
        if options.resume is not None and any(fixed):
            raise ParameterError(
                "--resume takes parameters, steps and name from the run: leave out --set, "
                "--config, --steps, --from and --run-id, or start a new run; --set dataset=... "
                "chooses among unfinished runs"
            )
        if options.mlflow:
            check_tracking()

    def single(self) -> int:
        """One run, or its plan."""
        options = self.options
        settings = read_settings(options.config, options.assignments, project=self.project)
        names, run_id, how = self._step_names(), options.run_id or new_run_id(), {}
        if options.resume is not None:
            dataset = settings.dataset.name if options.assignments else None
            record = unfinished_run(outputs_root(settings.dataset.root), options.resume, dataset)
            settings = read_values(record["parameters"], project=self.project)
            names, run_id = [step["name"] for step in record["steps"]], record["run_id"]
            how = {"resumed": True, "serve": record.get("serve", True)}
        run = self._run(settings, run_id, names, **how)
        if options.plan:
            self._print_plan(run)
            return EXIT_OK
        return self._execute(run)

    def sweep(self) -> int:
        """One run for each combination of the grid; all are checked before the first starts."""
        options, combinations = self.options, read_grid(self.options.grid)
        name = options.run_id or new_run_id()
        runs = []
        for number, combination in enumerate(combinations, start=1):
            settings = read_settings(
                options.config, options.assignments, combination, project=self.project
            )
            run_id = f"{name}-{number:02}"
            runs.append(self._run(settings, run_id, self._step_names(), serve=False))
        if not options.plan:
            return Sweep(name, combinations, runs).execute(self._execute, self.progress)
        self.progress.note("steps that combinations share run once")
        for combination, run in zip(combinations, runs, strict=True):
            self.progress.note(f"\n{label(combination)}")
            self._print_plan(run)
        return EXIT_OK

    def _step_names(self) -> list[str]:
        return [name.strip() for name in self.options.steps.split(",") if name.strip()]

    def _run(self, settings: Settings, run_id: str, names: Sequence[str], **how: Any) -> Run:
        options = self.options
        chosen = select(self.table, names, options.start)
        self._refuse_unused(chosen)
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

    def _refuse_unused(self, chosen: Sequence[Step]) -> None:
        """Refuse parameters of steps that do not run: they would have no effect."""
        running = [step.name for step in chosen]
        for option, given in (("--set", self.options.assignments), ("--grid", self.options.grid)):
            for section in sections_of(given):
                if section not in running:
                    raise ParameterError(
                        f"{option} {section}...: step {section!r} is not run, so its parameters "
                        f"have no effect: leave them out, or run it, too "
                        f"(the steps are {', '.join(running)})"
                    )

    def _execute(self, run: Run) -> int:
        dataset = run.settings.dataset
        self.progress.note(f"run {run.run_id}, dataset {dataset.name}")
        if dataset.name_note:
            self.progress.note(dataset.name_note)
        record, code = run.execute(self.progress)
        self._print_damaged(run)
        if code == EXIT_OK and run.serve:
            self._print_example(run, record)
        self._print_end(run, record, code)
        if self.options.mlflow:
            self._track(run)
        if code == EXIT_OK and run.serve:
            self._print_served(run, record)
        return code

    def _print_example(self, run: Run, record: RunRecord) -> None:
        """Somebody's recommendations, and how good all of them are."""
        lines = example_lines(run.folder, record.metrics, self.progress.width)
        quality = quality_line(record.metrics) if lines else ""
        for line in ["", *lines, quality, ""] if lines else []:
            self.progress.note(line)

    def _track(self, run: Run) -> None:
        """Log a run, and those that could not be logged before; a failure is no end of anything."""
        outputs = run.folder.parent
        for folder in dict.fromkeys([*untracked(outputs), run.folder]):
            try:
                self.progress.note(f"tracked: {track(folder)}")
            except TrackingError as error:
                keep_for_later(folder)
                self.progress.note(f"warning: {error}; the next run with --mlflow logs it")
                return
        if run.serve:
            self._register(run.settings.dataset)

    def _register(self, dataset: Dataset) -> None:
        """Tell MLflow which version is served, also where a person chose it since the last run."""
        try:
            if where := register_champion(dataset):
                self.progress.note(f"registered: {where}")
        except TrackingError as error:
            self.progress.note(f"warning: {error}; the next run with --mlflow does")

    def _print_served(self, run: Run, record: RunRecord) -> None:
        """What to type next, why this version is not served, and in the last line which one is."""
        dataset = run.settings.dataset
        served = champion(dataset)
        own = served is not None and served.name == run.run_id
        for number, command in enumerate(next_lines(run.folder, dataset, served=own)):
            self.progress.note(f"{'' if number else 'next:':<6}{command}")
        for warning in record.warnings:
            if warning.startswith(NOT_SERVED):
                self.progress.note(runnable(f"n{warning[1:]}"))
        if served is None:
            self.progress.note("served now: nothing")
        else:
            which = "this run" if served.name == run.run_id else "not this run"
            self.progress.note(f"served now: {served.name}, {which}")

    def _print_damaged(self, run: Run) -> None:
        """Say which records of earlier runs could not be read."""
        for text in damaged_records(run.folder.parent):
            self.progress.note(f"warning: {text}")

    def _print_plan(self, run: Run) -> None:
        settings = run.settings
        where = settings.etl.folder or settings.dataset.raw
        self.progress.note(f"dataset {settings.dataset.name}: {where}")
        for step in plan(run.table, run.chosen, settings, force=run.force):
            self.progress.note(f"{step.name:<10} {step.action:<7} {step.reason}")
        self._print_damaged(run)
        for name in settings.changed:
            section, _, field = name.partition(".")
            value = getattr(settings.sections[section], field)
            self.progress.note(f"changed    {name} = {value!r}")

    def _print_end(self, run: Run, record: RunRecord, code: int) -> None:
        if code == EXIT_OK:
            report = run.folder.parent / LATEST if run.serve else run.folder
            self.progress.note(f"{record.status}: {report / REPORT}")
            return
        for step in record.steps:
            if step.status == "failed":
                self.progress.error(f"notebook with the error: {run.folder / step.notebook}")
        self.progress.error(f"{record.status}: {run.folder / REPORT}")
        if code not in (EXIT_BAD_INPUT, EXIT_BAD_PARAMETERS):  # a repeat would end alike
            self.progress.error(f"to resume: {resume_command(run.run_id, self.project)}")
