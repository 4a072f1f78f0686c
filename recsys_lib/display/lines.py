"""Progress as a line of text, and events as lines of JSON."""

from __future__ import annotations

import html
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_RENEWAL_SECONDS = 0.5
_LOG_SECONDS = 10.0
_FAST = 10  # units a second from which the speed is worth a word


class ProgressLine(ABC):
    """Counts, measures time, and words the line; a subclass shows it.

    Parameters
    ----------
    name: put in front of the line.
    period: least seconds between two lines that are shown.
    """

    def __init__(self, name: str = "", period: float = _RENEWAL_SECONDS) -> None:
        self._name, self._period = name, period
        self._done, self._note = 0, ""

    def start(self, total: int | None, unit: str) -> None:
        """Begin to count and to measure time."""
        self._total, self._unit = total, unit
        self._done, self._note = 0, ""
        self._started = self._shown = time.monotonic()
        self._begin(self._words(self._started))

    def update(self, done: int, note: str = "", *, total: int | None = None) -> None:
        """Remember the state; show it when the period is over. An empty note keeps the last one."""
        self._done, self._note = done, note or self._note
        self._total = self._total if total is None else total
        now = time.monotonic()
        if now - self._shown >= self._period:
            self._shown = now
            self._show(self._words(now))

    def finish(self, note: str = "") -> None:
        """Show the last state, with the time it took."""
        self._note = note or (self._note if self._unit else "")
        self._end(self._words(time.monotonic(), ended=True))

    @abstractmethod
    def _begin(self, words: str) -> None:
        """Show that nothing is done yet."""

    @abstractmethod
    def _show(self, words: str) -> None:
        """Show a state that a later one may replace."""

    @abstractmethod
    def _end(self, words: str) -> None:
        """Show the last state; the words are empty when there is nothing to say."""

    def _named(self, words: str) -> str:
        return f"{self._name}: {words}" if self._name and self._unit else words

    def _words(self, now: float, *, ended: bool = False) -> str:
        if not self._unit:
            return self._note
        total = "" if self._total is None else f" of {self._total:,}"
        words = f"{self._done:,}{total} {self._unit}{self._time(now - self._started, ended)}"
        return f"{words}; {self._note}" if self._note else words

    def _time(self, passed: float, ended: bool) -> str:
        if ended or self._total is None:
            return f", {duration(passed)}"
        if not self._done:
            return ""
        left = duration(passed / self._done * (self._total - self._done))
        fast = self._done >= _FAST * passed > 0
        rate = f", {self._done / passed:,.0f} {self._unit}/s" if fast else ""
        return f"{rate}, about {left} left"


class LogLines(ProgressLine):
    """Plain lines, one a period and one at the end: for pipes and log files."""

    def __init__(
        self, write: Callable[[str], None], name: str = "", period: float | None = None
    ) -> None:
        super().__init__(name, _LOG_SECONDS if period is None else period)
        self._write = write

    def _begin(self, words: str) -> None:
        pass  # a task that is shorter than a period needs one line, not two

    def _show(self, words: str) -> None:
        self._write(self._named(words))

    def _end(self, words: str) -> None:
        if words:
            self._write(self._named(words))


class NotebookLine(ProgressLine):
    """One line under a cell that renews itself; an executed notebook keeps its last state."""

    def _begin(self, words: str) -> None:
        from IPython.display import display  # noqa: PLC0415  # only kernels need it

        self._handle = display(_Html(self._named(words)), display_id=True)

    def _show(self, words: str) -> None:
        self._handle.update(_Html(self._named(words)))

    def _end(self, words: str) -> None:
        self._show(words)


class _Html:
    """A text as a notebook shows it, and as a saved one keeps it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(self._text)}</code>"

    def __repr__(self) -> str:
        return self._text


class EventLog:
    """Appends events to a file, one JSON object a line; without a file it does nothing."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self._lock = threading.Lock()

    def write(self, event: str, **facts: Any) -> None:
        """Append one event with the time, UTC."""
        if self.path is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"time": now, "event": event, **facts}, ensure_ascii=False)
        with self._lock, self.path.open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(9.96), duration(42.4), duration(125)
    ('10.0 s', '42 s', '2 min 05 s')
    """
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
