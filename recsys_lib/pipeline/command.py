"""The command line of the pipeline: ``python run_pipeline.py`` and ``recsys run``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, ParameterError, RecsysError
from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.planning import plan
from recsys_lib.pipeline.progress import Progress
from recsys_lib.pipeline.record import RunRecord, records_of
from recsys_lib.pipeline.report import REPORT
from recsys_lib.pipeline.runner import LATEST, Run, new_run_id
from recsys_lib.pipeline.settings import Settings, read_settings, read_values
from recsys_lib.pipeline.steps import Step, select


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of a run."""
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="parameters to change")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        dest="assignments",
        help="change one parameter, for example als.factors=64 or dataset=/data/shop",
    )
    parser.add_argument("--steps", default="", metavar="A,B", help="run only these steps")
    parser.add_argument("--from", dest="start", metavar="STEP", help="run from this step on")
    parser.add_argument("--force", action="store_true", help="run steps that could be cached, too")
    parser.add_argument("--plan", action="store_true", help="say what would run and why, and stop")
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="run N steps side by side where they can"
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN_ID",
        help="go on with a run that failed or was interrupted, by default the last one",
    )
    parser.add_argument("--run-id", metavar="ID", help="name of the run's folder in outputs/")
    parser.add_argument("--quiet", action="store_true", help="print failures only")


def run_command(table: Sequence[Step], options: argparse.Namespace) -> int:
    """Run the pipeline as the options say; returns the exit code."""
    progress = Progress(quiet=options.quiet)
    try:
        settings = read_settings(options.config, options.assignments)
        names = [name.strip() for name in options.steps.split(",") if name.strip()]
        run_id, resumed = options.run_id or new_run_id(), options.resume is not None
        if resumed:
            record = unfinished(settings, options.resume)
            settings, run_id = read_values(record["parameters"]), record["run_id"]
            names = [step["name"] for step in record["steps"]]
        chosen = select(table, names, options.start)
        if options.jobs < 1:
            raise ParameterError(f"--jobs must be at least 1, got {options.jobs}")
        how = {"force": options.force, "jobs": options.jobs, "resumed": resumed}
        run = Run(table, chosen, settings, run_id, **how)
        run.check()
        if options.plan:
            _print_plan(run, progress)
            return EXIT_OK
        progress.note(f"run {run.run_id}, dataset {settings.dataset.name}")
        result, code = run.execute(progress)
    except RecsysError as error:
        progress.error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        progress.error("interrupted")
        return EXIT_INTERRUPTED
    _print_end(run, result, code, progress)
    return code


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


def _print_plan(run: Run, progress: Progress) -> None:
    progress.note(f"dataset {run.settings.dataset.name}: {run.settings.dataset.raw}")
    for step, action, reason in plan(run.table, run.chosen, run.settings, force=run.force):
        progress.note(f"{step.name:<10} {action:<7} {reason}")
    for name in run.settings.changed:
        section, _, field = name.partition(".")
        value = getattr(run.settings.sections[section], field)
        progress.note(f"changed    {name} = {value!r}")


def _print_end(run: Run, record: RunRecord, code: int, progress: Progress) -> None:
    if code == EXIT_OK:
        progress.note(f"{record.status}: {run.folder.parent / LATEST / REPORT}")
        return
    for step in record.steps:
        if step.status == "failed":
            progress.error(f"the notebook with the error: {run.folder / step.notebook}")
    progress.error(f"{record.status}: {run.folder / REPORT}")
    progress.error(f"to go on from there: python run_pipeline.py --resume {run.run_id}")
