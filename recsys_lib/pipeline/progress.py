"""What a person sees while the pipeline runs: a live line in a terminal, plain lines elsewhere."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.text import Text

from recsys_lib.pipeline.notebook import CellError, Execution


class Progress:
    """Tells about steps and cells; ``quiet`` leaves only failures, on standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._out = Console(quiet=quiet, highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._live: Status | None = None
        self._step = ""

    def step_started(self, name: str) -> None:
        """A step begins."""
        self._step = name
        if self._out.is_terminal:
            self._live = self._out.status(Text(f"{name}: starting a kernel"))
            self._live.start()

    def cell_started(self, number: int, total: int) -> None:
        """A cell begins; shown in a terminal only, a log needs no line for each."""
        if self._live is not None:
            self._live.update(Text(f"{self._step}: cell {number} of {total}"))

    def step_done(self, name: str, done: Execution) -> None:
        """A step succeeded."""
        self._stop()
        self._out.print(
            Text(f"{name:<10} done   {done.seconds:6.1f} s   {done.peak_memory_mb:6.0f} MB")
        )

    def step_failed(self, name: str, error: CellError, notebook: Path) -> None:
        """A step failed: say where and why, and which notebook shows it."""
        self._stop()
        where = f" in cell {error.cell + 1}" if error.name != "StepFailedError" else ""
        self._err.print(Text(f"{name:<10} FAILED{where}: {error.name}", style="bold red"))
        self._err.print(Text(f"  {error.message}\n  see {notebook}"))

    def note(self, text: str) -> None:
        """A line for people."""
        self._out.print(Text(text))

    def error(self, text: str) -> None:
        """A line about what went wrong."""
        self._stop()
        self._err.print(Text(text, style="red"))

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
