"""What a person sees while the pipeline runs: live bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Live
from rich.text import Text

from recsys_lib.pipeline.runs.listing import console, frame_table
from recsys_lib.pipeline.runs.record import now

LOG = "log.jsonl"
_SECONDS_BETWEEN_DRAWINGS = 0.1
_COLUMNS = (
    TextColumn("{task.description:<10}"),
    SpinnerColumn(),
    BarColumn(),
    TextColumn("{task.fields[doing]}"),
    TimeElapsedColumn(),
)


class Progress:
    """Tells about steps and cells; ``quiet`` leaves only failures, on standard error.

    Every event also goes to ``log.jsonl`` in the run's folder, one JSON object a line.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = console(quiet=quiet)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._bars: dict[str, TaskID] = {}
        self._log: Path | None = None
        self._lock = threading.RLock()

    def log_to(self, folder: Path) -> None:
        """From now on write events into this folder."""
        self._log = folder / LOG

    def step_started(self, name: str, reason: str) -> None:
        """A step begins, for this reason."""
        self._event("step started", step=name, reason=reason)
        if not self._out.is_terminal:
            return
        with self._lock:
            if self._live is None:
                self._live = self._bars_begin()
            self._bars[name] = self._live.add_task(name, total=None, doing="starting a kernel")

    def cell_started(self, name: str, number: int, total: int) -> None:
        """A cell begins; shown in a terminal only, a log of lines needs none for each."""
        self._event("cell started", step=name, cell=number, cells=total)
        with self._lock:
            if self._live is not None:
                bar, doing = self._bars[name], f"cell {number} of {total}"
                self._live.update(bar, completed=number - 1, total=total, doing=doing)

    def step_done(self, name: str, seconds: float, memory_mb: float) -> None:
        """A step succeeded."""
        self._event("step done", step=name, seconds=round(seconds, 3), memory_mb=round(memory_mb))
        self._end(name)
        self.note(f"{name:<10} done    {seconds:6.1f} s   {memory_mb:6.0f} MB")

    def step_cached(self, name: str, reason: str) -> None:
        """A step was taken from an earlier run."""
        self._event("step cached", step=name, reason=reason)
        self.note(f"{name:<10} cached  {reason}")

    def step_skipped(self, name: str, reason: str) -> None:
        """A step has nothing to work on."""
        self._event("step skipped", step=name, reason=reason)
        self.note(f"{name:<10} skipped {reason}")

    def step_failed(self, name: str, place: str, reason: str, lines: Sequence[str] = ()) -> None:
        """A step failed: where, why, and the end of its traceback."""
        self._event("step failed", step=name, place=place, reason=reason)
        self._end(name)
        with self._lock:
            self._err.print(Text(f"{name:<10} FAILED in {place}: {reason}", style="bold red"))
            for line in lines:
                self._err.print(Text(f"    {line}"))

    def note(self, text: str) -> None:
        """A line for people."""
        with self._lock:
            self._out.print(Text(text))

    def table(self, frame: pl.DataFrame) -> None:
        """A table for people."""
        with self._lock:
            self._out.print(frame_table(frame))

    def error(self, text: str) -> None:
        """A line about what went wrong."""
        self._stop()
        self._event("error", text=text)
        self._err.print(Text(text, style="red"))

    def _bars_begin(self) -> Live:
        """Bars that are drawn while nobody prints.

        In rich's own thread they would now and then wipe out the line that is printed at that
        moment. Errors go through them only where both are in the same terminal.
        """
        live = Live(
            *_COLUMNS,
            console=self._out,
            auto_refresh=False,
            transient=True,
            redirect_stderr=self._err.is_terminal,
        )
        live.start()
        threading.Thread(target=self._draw, args=(live,), daemon=True).start()
        return live

    def _draw(self, live: Live) -> None:
        while True:
            time.sleep(_SECONDS_BETWEEN_DRAWINGS)
            with self._lock:
                if self._live is not live:
                    return
                live.refresh()

    def _end(self, name: str) -> None:
        with self._lock:
            bar = self._bars.pop(name, None)
            if self._live is not None and bar is not None:
                self._live.remove_task(bar)
                self._live.refresh()
            if not self._bars:
                self._stop()

    def _stop(self) -> None:
        with self._lock:
            if self._live is not None:
                self._live.stop()
                self._live = None
            self._bars.clear()

    def _event(self, event: str, **facts: Any) -> None:
        if self._log is not None:
            line = json.dumps({"time": now(), "event": event, **facts}, ensure_ascii=False)
            with self._lock, self._log.open("a", encoding="utf-8") as log:
                log.write(line + "\n")
