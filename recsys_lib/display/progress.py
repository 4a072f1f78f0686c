"""How far a long task is: one interface for notebooks, terminals and logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from recsys_lib.display.lines import LogLines, NotebookLine

if TYPE_CHECKING:
    from rich.console import Console


class Progress(Protocol):
    """Shows how far one task is. Every sink has these three verbs."""

    def start(self, total: int | None, unit: str) -> None:
        """Begin. ``unit`` is the plural of what is counted; "" leaves the words to the notes.

        ``total`` is None while nobody knows it.
        """
        ...

    def update(self, done: int, note: str = "", *, total: int | None = None) -> None:
        """``done`` units are done; an empty note keeps the last, ``total`` replaces the first."""
        ...

    def finish(self, note: str = "") -> None:
        """End, also before the total is reached. The last state stays visible."""
        ...


@contextmanager
def progress_for(
    total: int | None, unit: str, *, name: str = "", console: Console | None = None
) -> Iterator[Progress]:
    """Show the progress of a ``with`` block where its reader looks.

    In a Jupyter kernel that is one line under the cell, which renews itself; in a terminal a bar;
    anywhere else a plain line every ten seconds. The last state stays.

    Parameters
    ----------
    total
        Number of units, None while it is unknown.
    unit
        Plural of what is counted, such as ``"iterations"``.
    name
        What the task is, put in front of the line.
    console
        Where to print outside of notebooks; standard output by default.

    Yields
    ------
    Progress
        Call its ``update(done, note)``. Updates may come as often as you like; few are drawn.

    Examples
    --------
    >>> with progress_for(20, "trials") as progress:  # doctest: +ELLIPSIS
    ...     for trial in range(20):
    ...         progress.update(trial + 1, "best recall 0.25")
    20 of 20 trials, ... s; best recall 0.25
    """
    progress = _sink(name, console)
    progress.start(total, unit)
    try:
        yield progress
    finally:
        progress.finish()


def _sink(name: str, console: Console | None) -> Progress:
    if console is None and _in_kernel():
        return NotebookLine(name)
    from recsys_lib.display.terminal import LiveView, print_line  # noqa: PLC0415  # imports rich
    from recsys_lib.display.terminal import console as standard_output  # noqa: PLC0415

    out = console or standard_output()
    if out.is_terminal:
        return LiveView(out).task(name)
    return LogLines(lambda text: print_line(out, text), name)


def _in_kernel() -> bool:
    """Whether this is a Jupyter kernel; one has imported IPython before it runs any cell."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
