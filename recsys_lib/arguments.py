"""A parser of command lines whose help has defaults and examples, and whose errors have hints."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from recsys_lib.errors import did_you_mean


class Parser(argparse.ArgumentParser):
    """``argparse`` with examples below the options, and suggestions for misspelt ones.

    Parameters
    ----------
    prog: how the command is called.
    description: what it does, in a sentence.
    examples: command lines to copy.
    """

    def __init__(self, prog: str, description: str, *examples: str) -> None:
        heading = f"example{'s'[: len(examples) - 1]}:"
        epilog = "\n  ".join([heading, *examples])
        super().__init__(prog, description=description, epilog=epilog, formatter_class=_Help)

    def parse(self, arguments: Sequence[str] | None = None) -> argparse.Namespace:
        """Parse ``sys.argv`` or these arguments; print what is wrong with them and exit with 2."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            self._refuse(unknown[0])
        return options

    def _refuse(self, argument: str) -> NoReturn:
        name = argument.partition("=")[0]
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        hint = did_you_mean(name, known) if name.startswith("-") else ""
        kind = "option" if name.startswith("-") else "argument"
        self.error(f"unknown {kind} {name!r}{hint}")


class _Help(argparse.RawDescriptionHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str | None:
        """Add the default, where there is one and the text does not say it."""
        text = action.help or ""
        if action.default in (None, "", False, argparse.SUPPRESS, []) or "(default" in text:
            return text
        return f"{text} (default: %(default)s)"
