"""The console script ``recsys``: the pipeline, its runs, and the service."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from recsys_lib.errors import EXIT_OK, ParameterError, RecsysError
from recsys_lib.paths import SAMPLE, Dataset, project_root, workspace_root
from recsys_lib.pipeline import command
from recsys_lib.pipeline.listing import parameters_table, runs_table
from recsys_lib.pipeline.steps import Step
from recsys_lib.serving.registry import promote


def pipeline_steps() -> tuple[Step, ...]:
    """The table of steps that ``run_pipeline.py`` holds."""
    steps: tuple[Step, ...] = runpy.run_path(str(project_root() / "run_pipeline.py"))["STEPS"]
    return steps


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="recsys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the pipeline (the same as run_pipeline.py)")
    command.add_arguments(run)
    serve = commands.add_parser("serve", help="answer over HTTP from the trained models")
    serve.add_argument("--dataset", default=SAMPLE, help="whose models to serve")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on")
    _add_management(commands)
    options = parser.parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except RecsysError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _add_management(commands: Any) -> None:
    runs = commands.add_parser("runs", help="list the runs; a star marks what is served")
    runs.add_argument("--dataset", help="only runs of this dataset")
    params = commands.add_parser("params", help="list the parameters with range and meaning")
    params.add_argument("section", nargs="?", help="only those of this step")
    promote = commands.add_parser("promote", help="serve another version of the models")
    promote.add_argument("version", help="the id of the run that trained it")
    promote.add_argument("--dataset", default=SAMPLE, help="whose models")


def _run(options: argparse.Namespace) -> int:
    return command.run_command(pipeline_steps(), options)


def _runs(options: argparse.Namespace) -> int:
    Console().print(runs_table(workspace_root(), options.dataset))
    return EXIT_OK


def _params(options: argparse.Namespace) -> int:
    Console().print(parameters_table(options.section))
    return EXIT_OK


def _promote(options: argparse.Namespace) -> int:
    dataset = Dataset.find(options.dataset)
    promote(dataset, options.version)
    print(f"dataset {dataset.name}: version {options.version} is served now")
    return EXIT_OK


def _serve(options: argparse.Namespace) -> int:
    try:
        from recsys_lib.serving.api import serve  # noqa: PLC0415  # an extra, and slow to import
    except ModuleNotFoundError as error:
        raise ParameterError(
            f"{error.name} is not installed: pip install -c constraints.txt -e '.[api]'"
        ) from error
    serve(options.dataset, options.host, options.port)
    return EXIT_OK


_COMMANDS = {
    "run": _run,
    "serve": _serve,
    "runs": _runs,
    "params": _params,
    "promote": _promote,
}

if __name__ == "__main__":
    sys.exit(main())
