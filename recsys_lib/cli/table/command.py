"""A command, and the arguments that several commands share."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.arguments import Parser
from recsys_lib.paths import SAMPLE

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """One command of ``recsys``.

    Parameters
    ----------
    summary: what it does, in a few words.
    examples: command lines to copy, one a line.
    run: does it, and returns the exit code.
    arguments: of ``argparse``; or a function that declares them where that imports much.
    """

    name: str
    summary: str
    examples: str
    run: Callable[[Namespace], int]
    arguments: tuple[Argument, ...] | Callable[[Parser], None] = ()

    @property
    def description(self) -> str:
        """The summary as a sentence."""
        return f"{self.summary[0].upper()}{self.summary[1:]}."

    def declare(self, parser: Parser) -> None:
        """Add the arguments to a parser."""
        if callable(self.arguments):
            self.arguments(parser)
            return
        for names, settings in self.arguments:
            parser.add_argument(*names, **settings)


def argument(*names: str, **settings: Any) -> Argument:
    """An argument, with the names and settings of ``argparse``."""
    return names, settings


def parameters_of(section: str, meaning: str) -> Argument:
    """``--set`` for the parameters of a section, by its name in upper case for all of them."""
    return argument(
        "--set", action="append", default=[], metavar=f"{section}.NAME=VALUE", help=meaning
    )


DATASET = argument(
    "--dataset",
    default=SAMPLE,
    help="a dataset: its name in data/raw/ or in 'recsys runs', or the path of its folder",
)
NAMED_DATASET = argument(
    "--dataset", required=True, help="a dataset: its name, or the path of its folder"
)
DATASET_OF_VERSION = argument(
    "--dataset",
    help="name or folder of a dataset (default: the one that has the version, or sample)",
)
VERSION = argument(
    "--version", default="", help="id of the run that trained it (default: the champion)"
)
NO_RULES = argument(
    "--no-rules",
    action="store_true",
    help="without the rules of the shop (default: those in data/rules/DATASET/rules.yaml)",
)
JSON = argument("--json", action="store_true", help="print JSON, for other programs")
CONFIG = argument("--config", type=Path, metavar="FILE", help="parameters as YAML")
WAIT = argument(
    "--wait", action="store_true", help="wait while another program works on the dataset"
)
QUIET = argument("--quiet", action="store_true", help="print failures only")
