"""When each step of a run worked, and how times are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Bar:
    """A step in the timeline: left end, start-up part and rest, in percent of the run."""

    left: float
    startup: float
    work: float


@dataclass(frozen=True)
class Timeline:
    """The time from a run's start to its end; ``seconds`` is its length."""

    start: str
    seconds: float

    @classmethod
    def of(cls, record: dict[str, Any]) -> Timeline:
        """Up to the run's end; while it runs, up to the end of the steps so far."""
        start, end = record["started_at"], record["finished_at"]
        if end:
            return cls(start, seconds_between(start, end))
        begun = [step for step in record["steps"] if step["started_at"]]
        ends = [seconds_between(start, step["started_at"]) + step["seconds"] for step in begun]
        return cls(start, max(ends, default=0.0))

    def bar(self, step: dict[str, Any]) -> Bar | None:
        """The step's place; none for one that never started, or before a resumed run went on."""
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
    """Seconds between two moments in ISO 8601; negative when ``end`` is earlier."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def when(moment: str) -> str:
    """A moment in ISO 8601 as people write it: 31 January 2026, 23:59 UTC."""
    return f"{datetime.fromisoformat(moment):%d %B %Y, %H:%M} UTC"


def duration(seconds: float) -> str:
    """4.2 s, 59 s, 1 min 15 s, 2 h 3 min: the two units that matter."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"
