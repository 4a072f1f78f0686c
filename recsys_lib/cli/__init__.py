"""The console script ``recsys``: the pipeline, its runs, its models and the service."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import metadata

from recsys_lib.arguments import Parser
from recsys_lib.cli._commands import pipeline_steps
from recsys_lib.cli.table import COMMANDS, Command
from recsys_lib.errors import (
    EXIT_BAD_PARAMETERS,
    EXIT_INTERRUPTED,
    EXIT_OK,
    RecsysError,
    did_you_mean,
)
from recsys_lib.files import storage_error
from recsys_lib.programs import runnable

__all__ = ["main", "pipeline_steps"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; returns the exit code."""
    name, *rest = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    if name in ("-h", "--help", "help"):
        print(_overview())
        return EXIT_OK
    if name == "--version":
        print(f"recsys {metadata.version('recsys-lib')}")
        return EXIT_OK
    if name not in COMMANDS:
        kind = "option" if name.startswith("-") else "command"
        known = ["--help", "--version"] if kind == "option" else list(COMMANDS)
        print(f"recsys: unknown {kind} {name!r}{did_you_mean(name, known)}", file=sys.stderr)
        return EXIT_BAD_PARAMETERS
    return _run(COMMANDS[name], rest)


def _run(command: Command, arguments: Sequence[str]) -> int:
    parser = Parser(f"recsys {command.name}", command.description, *command.examples.splitlines())
    command.declare(parser)
    options = parser.parse(arguments)
    try:
        return command.run(options)
    except RecsysError as error:
        from recsys_lib.display.terminal import harmless  # noqa: PLC0415  # imports rich

        print(runnable(harmless(str(error))), file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if (known := storage_error(error)) is None:
            raise
        print(known, file=sys.stderr)
        return known.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _overview() -> str:
    lines = [f"  {command.name:<10} {command.summary}" for command in COMMANDS.values()]
    return "\n".join(
        [
            "usage: recsys COMMAND [OPTIONS]",
            "",
            "Train a recommender, ask it, compare runs, and serve the best model.",
            "",
            "commands:",
            *lines,
            "",
            "Datasets, runs and versions may be abbreviated to any part that only one name has.",
            "",
            "  recsys COMMAND --help   options of a command, with examples",
            "  recsys --version        the version of this program",
        ]
    )
