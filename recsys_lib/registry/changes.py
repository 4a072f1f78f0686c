"""Changes of champion: when each version was live, and what a rollback goes back to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recsys_lib.paths import is_version_name

HIDDEN = ""
"""The end of a time that cannot be told, since the line of the next change is damaged."""


@dataclass(frozen=True)
class Change:
    """One change of champion.

    Parameters
    ----------
    time: UTC, ISO 8601.
    previous: the version that was served before; None for the first one.
    version: the version that is served from then on.
    reason: why.
    by: who decided: a program such as run, or user@host.
    rollback: how many changes it goes back; 0 if it is no rollback.
    """

    time: str
    previous: str | None
    version: str
    reason: str
    by: str
    rollback: int = 0

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Change:
        """Read what :meth:`as_dict` gave; ValueError, KeyError or TypeError for anything else."""
        change = cls(
            stored["time"],
            stored["from"],
            stored["to"],
            stored["reason"],
            stored["by"],
            stored.get("rollback", 0),
        )
        if not is_time(change.time):
            raise ValueError(f"{change.time!r} is no time")
        if not is_version_name(change.version):
            raise ValueError(f"{change.version!r} is no version")
        if change.previous is not None and not is_version_name(change.previous):
            raise ValueError(f"{change.previous!r} is no version")
        if not isinstance(change.reason, str) or not isinstance(change.by, str):
            raise TypeError("reason and by must be texts")
        if type(change.rollback) is not int or change.rollback < 0:
            raise ValueError("rollback must be a number of changes")
        return change

    @classmethod
    def from_pointer(cls, stored: Mapping[str, Any]) -> Change:
        """Read what :meth:`as_pointer` gave, with errors like those of :meth:`from_dict`."""
        return cls.from_dict({**stored, "time": stored["since"], "to": stored["version"]})

    def as_dict(self) -> dict[str, Any]:
        """The fields of a line of the history."""
        return {"time": self.time, "from": self.previous, "to": self.version, **self._facts()}

    def as_pointer(self) -> dict[str, Any]:
        """The same fields as champion.json has them."""
        names = {"version": self.version, "since": self.time, "from": self.previous}
        return names | self._facts()

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"reason": self.reason, "by": self.by}
        return facts | ({"rollback": self.rollback} if self.rollback else {})


@dataclass(frozen=True)
class Live:
    """A time during which a version was served.

    Parameters
    ----------
    change: with which it began.
    until: when it ended, UTC, ISO 8601; None while it lasts; HIDDEN where that cannot be told.
    """

    change: Change
    until: str | None

    def as_dict(self) -> dict[str, Any]:
        """For other programs."""
        began = self.change
        return {"since": began.time, "until": self.until, "reason": began.reason, "by": began.by}


def is_time(value: Any) -> bool:
    """Whether a value is a text of ISO 8601."""
    try:
        datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return False
    return True


def live_times(changes: Sequence[Change]) -> Iterator[Live]:
    """The time that each change began."""
    for change, following in zip(changes, [*changes[1:], None], strict=False):
        if following is None:
            yield Live(change, None)
        else:
            known = following.previous == change.version
            yield Live(change, following.time if known else HIDDEN)


def versions_before(changes: Sequence[Change]) -> list[str]:
    """What a rollback by 1, 2, ... goes back to.

    A rollback takes back the changes that it goes over, so that a second one goes further back, and
    not to the version that the first one left.

    Parameters
    ----------
    changes
        Oldest first.

    Returns
    -------
    list of str
        Versions, the most recent one first. Some may have been removed since.

    Examples
    --------
    >>> names = [(None, "a", 0), ("a", "b", 0), ("b", "c", 0), ("c", "b", 1)]
    >>> changes = [Change("", old, new, "", "", rollback) for old, new, rollback in names]
    >>> versions_before(changes[:3]), versions_before(changes)
    (['b', 'a'], ['a'])
    """
    served: list[str] = []
    for change in changes:
        if change.previous and served[-1:] != [change.previous]:
            served.append(change.previous)  # the line of an earlier change is damaged
        if change.rollback:
            del served[-change.rollback :]
        if served[-1:] != [change.version]:
            served.append(change.version)
    return served[-2::-1]
