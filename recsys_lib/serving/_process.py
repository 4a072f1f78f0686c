"""Which process may use open models: not one that was forked after they were opened.

The threads of the libraries that search and sort do not come along when a process is forked; the
child would wait for them for ever. Those of polars, which reads the files, may have been started
before any model was opened.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from recsys_lib.errors import ForkedError

_REMEDY = "start it anew: multiprocessing.get_context('spawn'), gunicorn without --preload"
_OPENED = (
    "the models were opened before this process was forked, and cannot be used in it: open them "
    f"in the process that asks, and {_REMEDY}"
)
_POLARS = (
    "polars was used before this process was forked, and the models, which need it, cannot be "
    f"opened in it: {_REMEDY}"
)
_WORKER = re.compile(r"polars-\d")
_THREADS = Path("/proc/self/task")  # on Linux, which alone forks by default


class _Process:
    """Whether models are open in this process, and why it cannot have any since it was forked."""

    opened = False
    used_polars = False
    problem: str | None = None


def mark_open() -> None:
    """Models were opened in this process; ForkedError where none can be."""
    check_process()
    _Process.opened = True


def check_process() -> None:
    """ForkedError in a process that was forked when models were open, or after polars was used."""
    if _Process.problem:
        raise ForkedError(_Process.problem)


def _before_fork() -> None:
    _Process.used_polars = "polars" in sys.modules and any(
        _WORKER.match(name) for name in _thread_names()
    )


def _note_fork() -> None:
    if _Process.opened:
        _Process.problem = _OPENED
    elif _Process.used_polars:
        _Process.problem = _POLARS


def _thread_names() -> list[str]:
    try:
        return [(thread / "comm").read_text() for thread in _THREADS.iterdir()]
    except OSError:  # no such folder, or a thread that has just ended
        return []


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_before_fork, after_in_child=_note_fork)
