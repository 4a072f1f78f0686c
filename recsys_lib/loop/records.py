"""Lists that were served, and events: what people did with them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from recsys_lib.data.units import EARLIEST
from recsys_lib.errors import QueryError
from recsys_lib.loop.assignment import CHAMPION, NO_TEAM

EventType = Literal["view", "click", "cart", "purchase", "dismiss"]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)


def new_id() -> str:
    """An id for a list or an event that nothing else has."""
    return uuid.uuid4().hex


def now() -> str:
    """The time in UTC as ISO 8601 text with microseconds, which sorts as times do."""
    return utc_text(datetime.now(UTC))


def utc_text(time: datetime) -> str:
    """A time with an offset, in the form of :func:`now`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_FIRST = datetime.fromtimestamp(EARLIEST / 1000, UTC)
_AHEAD = timedelta(days=1)  # no clock is further ahead of ours, wherever it stands


def event_time(time: datetime) -> str:
    """The time of an event in the form of :func:`now`, by the rule for interactions in files.

    Raises
    ------
    QueryError
        For a time before 1990 or in the future: later events would all seem old beside it.
    """
    if time < _FIRST:
        raise QueryError("time is before 1990: correct it, or its unit")
    if time > datetime.now(UTC) + _AHEAD:
        raise QueryError("time is in the future: correct it, or leave it out to mean now")
    return utc_text(time)


BEST = "best"
"""The policy of lists that have the best items of the model."""


def policy_of(rules: str | None) -> str:
    """How the items of a list were chosen: the best, by the rules with this fingerprint if any.

    >>> policy_of(None), policy_of("5f0c9e2ab177")
    ('best', 'best by rules 5f0c9e2ab177')
    """
    return BEST if rules is None else f"{BEST} by rules {rules}"


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of a list; ``position`` counts from 1.

    ``propensity`` is the probability with which a random policy puts it there; 1 where nothing is
    random. ``team`` is the version that chose it for an interleaved list, champion or challenger.
    """

    item_id: str
    position: int
    score: float
    source: str = ""
    propensity: float = 1.0
    team: str = NO_TEAM


@dataclass(frozen=True, slots=True)
class ServedList:
    """A list as it was served.

    Parameters
    ----------
    version: the model that answered; of an interleaved list both, joined by "+".
    items: best first; none where the list was empty.
    route: what was asked for: user, history, similar, search or export.
    question: the user, item or query as text.
    user_id, session_id: who asked, where that is known.
    arm, policy: of an experiment, and how the items were chosen.
    milliseconds: from the question to the answer.
    """

    version: str
    items: tuple[Shown, ...]
    route: str = "user"
    question: str = ""
    user_id: str | None = None
    session_id: str | None = None
    arm: str = CHAMPION
    policy: str = BEST
    milliseconds: float | None = None
    list_id: str = field(default_factory=new_id)
    time: str = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did with an item, in a list that is known or not.

    ``event_id`` makes it safe to send an event again: it is kept once.

    Raises
    ------
    QueryError
        For an event without an item, of an unknown type, or without a list, user or session; for
        an id with a NUL character, which data do not take either.
    """

    type: str
    item_id: str
    list_id: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    event_id: str = field(default_factory=new_id)
    time: str = field(default_factory=now)

    def __post_init__(self) -> None:
        if self.type not in EVENT_TYPES:
            raise QueryError(f"event type {self.type!r}: choose from {', '.join(EVENT_TYPES)}")
        if not self.item_id:
            raise QueryError("an event needs an item_id")
        if not (self.list_id or self.user_id or self.session_id):
            raise QueryError("an event needs a list_id, a user_id or a session_id")
        for name in ("item_id", "list_id", "user_id", "session_id", "event_id"):
            if "\0" in (getattr(self, name) or ""):
                raise QueryError(f"{name} has a NUL character: remove it")
