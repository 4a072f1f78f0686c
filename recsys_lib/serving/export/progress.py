"""How far an export is: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int], None]
"""Called with how many more are done."""

_PERIOD = 30.0  # seconds between two lines of one step
_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())


class Steps:
    """Steps, one after the other, shown on ``console``."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Advance]:
        """Show one step; what it yields is called with how many more of ``total`` are done."""
        started = time.monotonic()
        with self._bar(name, total) if self._console.is_terminal else self._lines(name, total) as a:
            yield a
        self._console.print(f"{name}: {total:,} in {time.monotonic() - started:.1f} s")

    @contextmanager
    def _bar(self, name: str, total: int) -> Iterator[Advance]:
        columns = (*_COLUMNS, TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as bars:
            bar = bars.add_task(name, total=total)
            yield lambda more: bars.advance(bar, more)

    @contextmanager
    def _lines(self, name: str, total: int) -> Iterator[Advance]:
        """A line now and then, so that a log of a long export shows that it goes on."""
        done, shown = 0, time.monotonic()

        def advance(more: int) -> None:
            nonlocal done, shown
            done += more
            if done < total and time.monotonic() - shown > _PERIOD:
                shown = time.monotonic()
                self._console.print(f"{name}: {done:,} of {total:,}")

        yield advance
