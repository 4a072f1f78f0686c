"""What a person sees while the pipeline runs: a live line in a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

from recsys_lib.pipeline.record import now

LOG = "log.jsonl"


class Progress:
    """Tells about steps and cells; ``quiet`` leaves only failures, on standard error.

    Every event also goes to ``log.jsonl`` in the run's folder, one JSON object a line.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = Console(quiet=quiet, highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: Status | None = None
        self._now: dict[str, str] = {}
        self._log: Path | None = None
        self._lock = threading.Lock()

    def log_to(self, folder: Path) -> None:
        """From now on write events into this folder."""
        self._log = folder / LOG

    def step_started(self, name: str, reason: str) -> None:
        """A step begins, for this reason."""
        self._event("step started", step=name, reason=reason)
        if self._out.is_terminal and self._live is None:
            self._live = self._out.status(Text())
            self._live.start()
        self._show(name, "starting a kernel")

    def cell_started(self, name: str, number: int, total: int) -> None:
        """A cell begins; shown in a terminal only, a log of lines needs none for each."""
        self._event("cell started", step=name, cell=number, cells=total)
        self._show(name, f"cell {number} of {total}")

    def step_done(self, name: str, seconds: float, memory_mb: float) -> None:
        """A step succeeded."""
        self._event("step done", step=name, seconds=round(seconds, 3), memory_mb=round(memory_mb))
        self._end(name)
        self._out.print(Text(f"{name:<10} done    {seconds:6.1f} s   {memory_mb:6.0f} MB"))

    def step_cached(self, name: str, reason: str) -> None:
        """A step was taken from an earlier run."""
        self._event("step cached", step=name, reason=reason)
        self._out.print(Text(f"{name:<10} cached  {reason}"))

    def step_failed(self, name: str, place: str, reason: str, lines: Sequence[str] = ()) -> None:
        """A step failed: where, why, and the end of its traceback."""
        self._event("step failed", step=name, place=place, reason=reason)
        self._end(name)
        self._err.print(Text(f"{name:<10} FAILED in {place}: {reason}", style="bold red"))
        for line in lines:
            self._err.print(Text(f"    {line}"))

    def note(self, text: str) -> None:
        """A line for people."""
        self._out.print(Text(text))

    def error(self, text: str) -> None:
        """A line about what went wrong."""
        self._stop()
        self._event("error", text=text)
        self._err.print(Text(text, style="red"))

    def _show(self, name: str, what: str) -> None:
        with self._lock:
            self._now[name] = what
            if self._live is not None:
                steps = (f"{step}: {doing}" for step, doing in self._now.items())
                self._live.update(Text("   ".join(steps)))

    def _end(self, name: str) -> None:
        self._now.pop(name, None)
        if not self._now:
            self._stop()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _event(self, event: str, **facts: Any) -> None:
        if self._log is not None:
            line = json.dumps({"time": now(), "event": event, **facts}, ensure_ascii=False)
            with self._lock, self._log.open("a", encoding="utf-8") as log:
                log.write(line + "\n")
