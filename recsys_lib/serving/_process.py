"""Which process may use open models: not one that was forked after they were opened.

The threads of the libraries that search and sort do not come along when a process is forked; the
child would wait for them for ever.
"""

from __future__ import annotations

import os

from recsys_lib.errors import ForkedError

_MESSAGE = (
    "the models were opened before this process was forked, and cannot be used in it: open them "
    "in the process that asks, and start it anew: multiprocessing.get_context('spawn'), gunicorn "
    "without --preload"
)


class _Process:
    """Whether models are open in this process, and whether it was forked after that."""

    opened = False
    forked = False


def mark_open() -> None:
    """Models were opened in this process; ForkedError where none can be."""
    check_process()
    _Process.opened = True


def check_process() -> None:
    """ForkedError in a process that was forked when models were open."""
    if _Process.forked:
        raise ForkedError(_MESSAGE)


def _note_fork() -> None:
    _Process.forked = _Process.forked or _Process.opened


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_note_fork)
