"""What went wrong on a cluster, in one line."""

from __future__ import annotations

import re

from recsys_lib import errors
from recsys_lib.errors import EngineError, RecsysError

_OURS = re.compile(r"recsys_lib\.errors\.(\w+): (.+)")
_NAMED = re.compile(r"^\s*(?:[\w.$]+\.)?(\w*(?:Error|Exception))\b:?\s*(.*)")
_WRAPPERS = {"Py4JJavaError", "SparkException", "PythonException"}


def reason_of(error: BaseException) -> str:
    """The innermost error that a message of Spark names.

    Spark's messages begin with the calls that passed an error on, and go on with its traces.

    Examples
    --------
    >>> reason_of(ValueError("An error occurred.\\n: java.io.IOException: no disk"))
    'IOException: no disk'
    >>> reason_of(OSError("no such host\\n"))
    'no such host'
    """
    lines = [line.strip(" :\t") for line in str(error).splitlines() if line.strip(" :\t")]
    named = [match for match in map(_NAMED.match, lines) if match and match[2]]
    told = [match for match in named if match[1] not in _WRAPPERS] or named
    if told:
        return f"{told[0][1]}: {told[0][2]}".strip()
    return lines[0] if lines else repr(error)


def failure(error: BaseException, what: str) -> RecsysError:
    """The error to raise for one of Spark: what our own code on an executor said, if it did.

    ``what`` could not be done, as in "the executors could not encode the texts".

    Examples
    --------
    >>> failure(ValueError("...\\nrecsys_lib.errors.InputDataError: a.gz: broken"), "no files")
    InputDataError('a.gz: broken')
    >>> failure(OSError("disk is full"), "no lists were written")
    EngineError('no lists were written (disk is full)')
    """
    if match := _OURS.search(str(error)):
        kind: type[RecsysError] = getattr(errors, match[1], EngineError)
        return kind(match[2])
    return EngineError(f"{what} ({reason_of(error)})")
