"""When each step of a run worked, and times as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Bar:
    """A step in the timeline: its left end, start-up and work, in percent of the run."""

    left: float
    startup: float
    work: float


@dataclass(frozen=True)
class Timeline:
    """The time from a run's start to its end; ``seconds`` is its length."""

    start: str
    seconds: float

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Timeline:
        """Up to the end of the run, or of its last step so far."""
        start, end = record["started_at"], record["finished_at"]
        if end:
            return cls(start, seconds_between(start, end))
        begun = [step for step in record["steps"] if step["started_at"]]
        ends = [seconds_between(start, step["started_at"]) + step["seconds"] for step in begun]
        return cls(start, max(ends, default=0.0))

    def bar(self, step: dict[str, Any]) -> Bar | None:
        """The bar of a step; None if it never started, or was done before the run was resumed."""
        if not step["started_at"]:
            return None
        left = seconds_between(self.start, step["started_at"])
        if left < 0:
            return None
        percent = 100 / max(self.seconds, 1e-3)
        return Bar(
            left=left * percent,
            startup=step["startup_seconds"] * percent,
            work=(step["seconds"] - step["startup_seconds"]) * percent,
        )


def seconds_between(start: str, end: str) -> float:
    """Seconds between two times in ISO 8601; negative if ``end`` is earlier."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def when(moment: str) -> str:
    """A time in ISO 8601 as text: 31 January 2026, 23:59 UTC."""
    return f"{datetime.fromisoformat(moment):%d %B %Y, %H:%M} UTC"


def duration(seconds: float) -> str:
    """A duration as text: 4.2 s, 59 s, 1 min 15 s, 2 h 3 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"
