"""How a run is told: a bar for each step in a terminal, lines elsewhere, events in a log."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_lib.display.lines import EventLog, LogLines
from recsys_lib.display.progress import Progress
from recsys_lib.display.terminal import (
    LastingConsole,
    LiveView,
    console,
    frame_table,
    print_line,
)

if TYPE_CHECKING:
    import polars as pl

LOG = "log.jsonl"


class RunProgress:
    """Tells about steps and cells; ``quiet`` leaves only failures, on standard error.

    Every event also goes to ``log.jsonl`` in the run's folder, one JSON object a line.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = console(quiet=quiet)
        self._err = LastingConsole(stderr=True, highlight=False, soft_wrap=True)
        self._view = LiveView(self._out, self._err)
        self._tasks: dict[str, Progress] = {}
        self._events = EventLog()
        self._lock = threading.Lock()

    @property
    def width(self) -> int:
        """Columns of the terminal; many where there is none."""
        return self._out.width

    def log_to(self, folder: Path) -> None:
        """From now on write events into this folder."""
        self._events.path = folder / LOG

    def step_started(self, name: str, reason: str) -> None:
        """A step begins, for this reason."""
        self._events.write("step started", step=name, reason=reason)
        task = self._new_task(name)
        task.start(None, "")
        task.update(0, "starting a kernel")
        with self._lock:
            self._tasks[name] = task

    def cell_started(self, name: str, number: int, total: int) -> None:
        """A cell begins; shown in a terminal only, a log of lines needs none for each."""
        self._events.write("cell started", step=name, cell=number, cells=total)
        task = self._tasks.get(name)
        if task is not None:
            task.update(number - 1, f"cell {number} of {total}", total=total)

    def step_done(self, name: str, seconds: float, memory_mb: float) -> None:
        """A step succeeded."""
        self._events.write(
            "step done", step=name, seconds=round(seconds, 3), memory_mb=round(memory_mb)
        )
        self._finish(name)
        self.note(f"{name:<10} done    {seconds:6.1f} s   {memory_mb:6.0f} MB")

    def step_cached(self, name: str, reason: str) -> None:
        """A step was taken from an earlier run."""
        self._events.write("step cached", step=name, reason=reason)
        self.note(f"{name:<10} cached  {reason}")

    def step_skipped(self, name: str, reason: str) -> None:
        """A step has nothing to work on."""
        self._events.write("step skipped", step=name, reason=reason)
        self.note(f"{name:<10} skipped {reason}")

    def step_failed(self, name: str, place: str, reason: str, lines: Sequence[str] = ()) -> None:
        """A step failed: where, why, and the end of its traceback."""
        self._events.write("step failed", step=name, place=place, reason=reason)
        self._finish(name)
        with self._view.lock:
            print_line(self._err, f"{name:<10} FAILED in {place}: {reason}", "bold red")
            for line in lines:
                print_line(self._err, f"    {line}")

    def note(self, text: str) -> None:
        """A line for the reader."""
        self._events.write("note", text=text)
        with self._view.lock:
            print_line(self._out, text)

    def table(self, frame: pl.DataFrame) -> None:
        """A table for the reader."""
        with self._view.lock:
            self._out.print(frame_table(frame))

    def error(self, text: str) -> None:
        """A line about what went wrong, which ends all bars."""
        self._view.stop()
        self._events.write("error", text=text)
        print_line(self._err, text, "red")

    def _new_task(self, name: str) -> Progress:
        if self._out.is_terminal:
            return self._view.task(name)
        return LogLines(self.note, name, period=math.inf)

    def _finish(self, name: str) -> None:
        with self._lock:
            task = self._tasks.pop(name, None)
        if task is not None:
            task.finish()
