"""Every error that the project raises on purpose, and the exit code of each one."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

EXIT_OK = 0
EXIT_STEP_FAILED = 1
EXIT_BAD_PARAMETERS = 2
EXIT_BAD_INPUT = 3
EXIT_LOOK = 10
EXIT_RETRAIN = 11
EXIT_ROLL_BACK = 12
"""These three say what a monitor found; nothing failed."""
EXIT_THIN_SUPPORT = 13
EXIT_REFUSED = 14
"""A version was trained, but is not served."""
EXIT_INTERRUPTED = 130


class RecsysError(Exception):
    """Base of all of them; the message says what is wrong and what to do."""

    exit_code = EXIT_STEP_FAILED


class ParameterError(RecsysError, ValueError):
    """A parameter has an unknown name, a wrong type or a value out of range."""

    exit_code = EXIT_BAD_PARAMETERS


class RulesError(ParameterError):
    """A file of rules has a mistake, or does not fit the version; none of its rules is applied."""


class InputDataError(RecsysError):
    """The input data cannot be used.

    Parameters
    ----------
    problem: what is wrong and what to do about it.
    file, line, field: where; each comes before the problem in the message if known.
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
    """A stored file of a step or a version is missing, damaged or does not fit the others."""


class StorageError(RecsysError):
    """A file could not be written, for example because the disk is full."""


class NotTrainedError(RecsysError):
    """The model that a query needs is not trained yet; the message has the command."""


class TrainingError(RecsysError):
    """Training failed: the factors did not stay finite."""


class ScoreError(RecsysError):
    """A model gave scores that cannot be ranked."""


class WorseError(RecsysError):
    """A version is worse than the champion beyond noise, and so is not promoted."""


class StepFailedError(RecsysError):
    """A step of the pipeline ended with an error or without the files it must write."""


class LockedError(RecsysError):
    """Another run is working on the dataset."""


class ForkedError(RecsysError):
    """Models were opened before the process was forked, and cannot answer in the child."""


class EngineError(RecsysError):
    """The cluster that was asked to work is not there, or its work failed."""


class TrackingError(RecsysError):
    """A finished run could not be logged to the tracking server."""


class ThinSupportError(RecsysError):
    """The log has too few random choices that a version would make to say how good it is."""

    exit_code = EXIT_THIN_SUPPORT


class QueryError(RecsysError, ValueError):
    """A query cannot be answered as it is; the message says what to change."""

    exit_code = EXIT_BAD_PARAMETERS


class QueryTypeError(QueryError, TypeError):
    """An argument of a query has the wrong type, for example a number in place of an id."""


class EmptyQueryError(QueryError):
    """A query has no text, user or item."""


class UnknownIdError(RecsysError, KeyError):
    """An id that the model does not know."""

    kind = "id"
    exit_code = EXIT_BAD_PARAMETERS

    def __init__(self, unknown: str, hint: str = "") -> None:
        super().__init__(unknown)
        self.unknown, self.hint = unknown, hint

    def __str__(self) -> str:
        return f"unknown {self.kind} {self.unknown!r}" + (f": {self.hint}" if self.hint else "")


class UnknownItemError(UnknownIdError):
    """No such product, neither among the rated ones nor in the catalogue."""

    kind = "item"


class UnknownUserError(UnknownIdError):
    """No such user; ``recommend_for_history`` answers for new ones."""

    kind = "user"


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """``: did you mean 'x'?`` for a name close to a known one, else the list of known names."""
    close = get_close_matches(name, known, n=1)
    return f": did you mean {close[0]!r}?" if close else f": choose from {', '.join(known)}"


def full_name(short: str, known: Sequence[str], kind: str) -> str:
    """The one of the known names that ``short`` abbreviates.

    That is the name itself, or the only one that ends with it, or the only one that contains it.

    Raises
    ------
    ParameterError
        If ``short`` fits no name, or several; the message lists them.

    Examples
    --------
    >>> runs = ["20260131-235959-ab12", "20260201-000000-cd34"]
    >>> full_name("ab12", runs, "run")
    '20260131-235959-ab12'
    """
    fits = (
        [name for name in known if name == short],
        [name for name in known if name.endswith(short)],
        [name for name in known if short in name],
    )
    found = next((names for names in fits if names), []) if short else []
    if len(found) == 1:
        return found[0]
    if found:
        raise ParameterError(f"{kind} {short!r} could be {', '.join(found)}: write more of it")
    hint = did_you_mean(short, known) if known else ""
    raise ParameterError(f"there is no {kind} {short!r}{hint}")
