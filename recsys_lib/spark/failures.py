"""What went wrong on a cluster, in one line."""

from __future__ import annotations

import re

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
