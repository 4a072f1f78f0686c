"""How far a long step is, and how long it will still take: one line that renews itself."""

from __future__ import annotations

import html
import time

from IPython import get_ipython
from IPython.display import HTML, DisplayHandle, display

_PERIOD = 0.5  # seconds between two renewals


class Progress:
    """A line under a notebook cell; in an executed notebook the last state of it stays.

    Outside of notebooks nothing is shown.
    """

    def __init__(self, total: int, unit: str) -> None:
        """``unit`` says what is counted, in the plural: "iterations"."""
        self._total, self._unit = total, unit
        self._started = time.monotonic()
        self._shown = 0.0
        self._handle: DisplayHandle | None = None
        if get_ipython() is not None:
            self._handle = display(_Line(f"0 of {total:,} {unit}"), display_id=True)

    def update(self, done: int, note: str = "") -> None:
        """Show that ``done`` of the total are done, with a note beside it."""
        now = time.monotonic()
        if now - self._shown < _PERIOD and done < self._total:
            return
        self._shown = now
        self._show(done, note, f"{_words(self._left(done, now))} left at most")

    def finish(self, done: int, note: str = "") -> None:
        """Show the end of it, which may come before the total is reached."""
        self._show(done, note, f"{_words(time.monotonic() - self._started)}")

    def _left(self, done: int, now: float) -> float:
        return (now - self._started) / max(done, 1) * (self._total - done)

    def _show(self, done: int, note: str, time_: str) -> None:
        line = f"{done:,} of {self._total:,} {self._unit}, {time_}"
        if self._handle is not None:
            self._handle.update(_Line(f"{line}; {note}" if note else line))


class _Line(HTML):
    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"<code>{html.escape(text)}</code>")

    def __repr__(self) -> str:
        return self.text


def _words(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
