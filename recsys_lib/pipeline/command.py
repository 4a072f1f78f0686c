"""The command line of the pipeline: ``python run_pipeline.py`` and ``recsys run``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, RecsysError
from recsys_lib.pipeline.progress import Progress
from recsys_lib.pipeline.runner import LATEST, Run
from recsys_lib.pipeline.settings import Settings, read_settings
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
    parser.add_argument("--plan", action="store_true", help="say what would run, and stop")
    parser.add_argument("--run-id", metavar="ID", help="name of the run's folder in outputs/")
    parser.add_argument("--quiet", action="store_true", help="print failures only")


def run_command(table: Sequence[Step], options: argparse.Namespace) -> int:
    """Run the pipeline as the options say; returns the exit code."""
    progress = Progress(quiet=options.quiet)
    try:
        settings = read_settings(options.config, options.assignments)
        names = [name.strip() for name in options.steps.split(",") if name.strip()]
        chosen = select(table, names, options.start)
        if options.plan:
            _print_plan(chosen, settings, progress)
            return EXIT_OK
        run = Run.prepare(table, chosen, settings, options.run_id)
        progress.note(f"run {run.run_id}, dataset {settings.dataset.name}")
        record, code = run.execute(progress)
    except RecsysError as error:
        progress.error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        progress.error("interrupted")
        return EXIT_INTERRUPTED
    progress.note(f"{record.status}: {run.folder.parent / LATEST / 'report.html'}")
    return code


def main(table: Sequence[Step], arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``run_pipeline.py``."""
    parser = argparse.ArgumentParser(
        prog="run_pipeline.py", description="Run the notebooks and leave a report in outputs/."
    )
    add_arguments(parser)
    return run_command(table, parser.parse_args(arguments))


def _print_plan(chosen: Sequence[Step], settings: Settings, progress: Progress) -> None:
    progress.note(f"dataset {settings.dataset.name}: {settings.dataset.raw}")
    for step in chosen:
        after = f" after {', '.join(step.needs)}" if step.needs else ""
        progress.note(f"run {step.name}: notebooks/{step.notebook}.ipynb{after}")
        for name, value in settings.sections[step.name].model_dump().items():
            changed = "  (changed)" if f"{step.name}.{name}" in settings.changed else ""
            progress.note(f"    {name} = {value!r}{changed}")
