"""The console script ``recsys``: the pipeline and the service."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence

from recsys_lib.errors import ParameterError, RecsysError
from recsys_lib.paths import SAMPLE, project_root
from recsys_lib.pipeline import command
from recsys_lib.pipeline.steps import Step


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
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            return command.run_command(pipeline_steps(), options)
        return _serve(options)
    except RecsysError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _serve(options: argparse.Namespace) -> int:
    try:
        from recsys_lib.serving.api import serve  # noqa: PLC0415  # an extra, and slow to import
    except ModuleNotFoundError as error:
        raise ParameterError(
            f"{error.name} is not installed: pip install -c constraints.txt -e '.[api]'"
        ) from error
    serve(options.dataset, options.host, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
