"""Every error the project raises on purpose, and the exit code each one means."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

EXIT_OK = 0
EXIT_STEP_FAILED = 1
EXIT_BAD_PARAMETERS = 2
EXIT_BAD_INPUT = 3
EXIT_INTERRUPTED = 130


class RecsysError(Exception):
    """Base of the project's errors; the message says what is wrong and what to do."""

    exit_code = EXIT_STEP_FAILED


class ParameterError(RecsysError, ValueError):
    """A parameter has an unknown name, a wrong type or a value out of range."""

    exit_code = EXIT_BAD_PARAMETERS


class InputDataError(RecsysError):
    """The input data cannot be used.

    Parameters
    ----------
    problem: what is wrong and what to do about it.
    file, line, field: where; each is put in front of the message when known.
    """

    exit_code = EXIT_BAD_INPUT

    def __init__(
        self,
        problem: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        where = [str(file)] if file is not None else []
        where += [f"line {line}"] if line is not None else []
        where += [f"field '{field}'"] if field is not None else []
        super().__init__(f"{', '.join(where)}: {problem}" if where else problem)
        self.problem, self.file, self.line, self.field = problem, file, line, field


class ArtifactError(RecsysError):
    """A stored file of a step or a model is missing, damaged or of another version."""


class StorageError(RecsysError):
    """A file could not be written, for example because the disk is full."""


class NotTrainedError(RecsysError):
    """A model that the question needs has not been trained yet; the message names the command."""


class WorseError(RecsysError):
    """A version is worse than the one that is served, beyond noise, and so is not served."""


class StepFailedError(RecsysError):
    """A pipeline step ended with an error or without its declared outputs."""


class UnknownIdError(RecsysError, KeyError):
    """An id that the model has never seen."""

    kind = "id"

    def __init__(self, unknown: str, hint: str = "") -> None:
        super().__init__(unknown)
        self.unknown, self.hint = unknown, hint

    def __str__(self) -> str:
        return f"unknown {self.kind} {self.unknown!r}" + (f": {self.hint}" if self.hint else "")


class UnknownItemError(UnknownIdError):
    """No such product, neither among the rated ones nor in the catalogue."""

    kind = "item"


class UnknownUserError(UnknownIdError):
    """No such user; ``recommend_for_history`` serves strangers."""

    kind = "user"


class QueryError(RecsysError, ValueError):
    """A question that cannot be answered as it was asked; the message says what to change."""


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """``: did you mean 'x'?``, or the list of what there is."""
    close = get_close_matches(name, known, n=1)
    return f": did you mean {close[0]!r}?" if close else f": choose from {', '.join(known)}"
