"""Events that another system logged, into the feedback log: each once, and checked alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.data.formats import first_fields, read_records
from recsys_lib.data.formats.records import LINE, Rejected, Start
from recsys_lib.errors import InputDataError, ParameterError, QueryError, did_you_mean
from recsys_lib.files import writing
from recsys_lib.loop.reading import read_events
from recsys_lib.loop.records import Event, event_time
from recsys_lib.loop.store import connect, insert
from recsys_lib.paths import Dataset

UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e3, "us": 1e6}
"""Units of times that are numbers, by how many are a second."""
_REQUIRED = (Feedback.TIME, Feedback.ITEM)
_OF_PEOPLE = (Feedback.LIST, Feedback.USER, Feedback.SESSION)
_AT_ONCE = 5_000  # events of one transaction: a service that writes, too, waits for it
_ID_LENGTH = 32
_NO_ZONE = "time has no zone: end it with Z or an offset, or give --zone"
_NO_UNIT = "time is a number: give --unit s, ms or us"


@dataclass(frozen=True)
class EventForm:
    """How a file writes events.

    Parameters
    ----------
    columns: name of a column of ``Feedback.EVENTS`` -> name in the file; the same by default.
    type: of all events, for a file without a column for it.
    unit: of times that are numbers, one of ``UNITS``.
    zone: of times that name none, such as Europe/Berlin.

    Raises
    ------
    ParameterError
        For a column that no event has, an unknown unit or zone.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    type: str = ""
    unit: str = ""
    zone: str = ""

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in Feedback.EVENTS:
                raise ParameterError(f"no event has {name!r}{did_you_mean(name, Feedback.EVENTS)}")
        if self.unit and self.unit not in UNITS:
            raise ParameterError(f"unit {self.unit!r}: choose from {', '.join(UNITS)}")
        if self.zone:
            _ = self._zone_info

    @property
    def _zone_info(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ParameterError(
                f"there is no zone {self.zone!r}: name it as in Europe/Berlin, or UTC"
            ) from error

    def found_in(self, path: Path) -> dict[str, str]:
        """The columns of events that a file has, by their names there."""
        there = first_fields(path)
        for name in self.columns.values():
            if name not in there:
                problem = f"there is no such column{did_you_mean(name, there)}"
                raise InputDataError(problem, file=path, field=name)
        names = {name: self.columns.get(name, name) for name in Feedback.EVENTS}
        found = {name: theirs for name, theirs in names.items() if theirs in there}
        lacking = [name for name in _REQUIRED if name not in found]
        if Feedback.TYPE not in found and not self.type:
            raise InputDataError(
                "no column is the type of an event: name it with --column type=NAME, or give the "
                "type of all with --type",
                file=path,
            )
        if lacking or not set(_OF_PEOPLE) & set(found):
            what = ", ".join(lacking) or "list_id, user_id or session_id"
            raise InputDataError(
                f"no column is {what}: name it with --column {(*lacking, Feedback.USER)[0]}=NAME "
                f"(there is {', '.join(there)})",
                file=path,
            )
        return found

    def time(self, text: str) -> str:
        """A time of the file as the log has it, in UTC; QueryError where that is not certain."""
        try:
            number = float(text)
        except ValueError:
            return self._of_text(text)
        if not self.unit:
            raise QueryError(_NO_UNIT)
        try:
            time = datetime.fromtimestamp(number / UNITS[self.unit], UTC)
        except (OverflowError, ValueError, OSError) as error:
            raise QueryError(f"time is out of range in {self.unit}") from error
        return event_time(time)

    def _of_text(self, text: str) -> str:
        try:
            time = datetime.fromisoformat(text)
        except ValueError as error:
            raise QueryError("time is not ISO 8601, such as 2026-03-01T09:10:00+01:00") from error
        if time.tzinfo is None:
            if not self.zone:
                raise QueryError(_NO_ZONE)
            time = time.replace(tzinfo=self._zone_info)
        return event_time(time)


@dataclass(frozen=True)
class Imported:
    """What became of a file of events.

    Parameters
    ----------
    added: events that are new in the log.
    repeated: events that were there before, or twice in the file.
    forgotten: events of users who are forgotten; they were dropped.
    rejected: lines that are no event, with their reasons.
    """

    added: int
    repeated: int
    forgotten: int
    rejected: list[Rejected]


def import_events(dataset: Dataset, path: Path, form: EventForm | None = None) -> Imported:
    """Add the events of a file to the log of a dataset.

    An event without an ``event_id`` gets one from its content, so that the same file can be
    imported again; two events that are alike in everything are one then.

    Parameters
    ----------
    dataset
        Whose log.
    path
        JSON lines, CSV, Parquet or another format that the data of a dataset may have.
    form
        How it writes events; by default with the names of ``Feedback.EVENTS``.

    Returns
    -------
    Imported
        Counts, and the lines that were rejected.

    Raises
    ------
    InputDataError
        If the file cannot be used, or lacks a column.
    StorageError
        If the disk is full; import the file again then.
    """
    form = form or EventForm()
    events, rejected = _read(path, form)
    forgotten = Forgotten.load(dataset.updates)
    kept = [one for one in events if not (one.user_id and forgotten.has(one.user_id))]
    new = _not_there(dataset.feedback, kept)
    added = _write(dataset.feedback, new) if new else 0
    return Imported(added, len(kept) - added, len(events) - len(kept), rejected)


def _read(path: Path, form: EventForm) -> tuple[list[Event], list[Rejected]]:
    names = form.found_in(path)
    events: list[Event] = []
    rejected: list[Rejected] = []
    for work in read_records(path, {theirs: pl.String() for theirs in names.values()}, Start()):
        records = work()
        rejected += records.rejected
        for row in records.frame.iter_rows(named=True):
            values = {name: (row[theirs] or "").strip() for name, theirs in names.items()}
            try:
                events.append(_event(values, form))
            except QueryError as error:
                text = ", ".join(f"{name}={value}" for name, value in values.items() if value)
                rejected.append(Rejected.from_line(path, row[LINE], str(error), text))
    return events, rejected


def _event(values: Mapping[str, str], form: EventForm) -> Event:
    facts = {name: values.get(name) or None for name in (Feedback.ITEM, *_OF_PEOPLE)}
    kind, time = values.get(Feedback.TYPE) or form.type, form.time(values[Feedback.TIME])
    content = [kind, time, *(value or "" for value in facts.values())]
    own = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:_ID_LENGTH]
    return Event(
        type=kind,
        time=time,
        event_id=values.get(Feedback.EVENT) or own,
        item_id=facts[Feedback.ITEM] or "",
        list_id=facts[Feedback.LIST],
        user_id=facts[Feedback.USER],
        session_id=facts[Feedback.SESSION],
    )


def _not_there(folder: Path, events: Sequence[Event]) -> list[Event]:
    """The events that neither the log nor an earlier line has; days of the log may be files."""
    if not events:
        return []
    first = datetime.fromisoformat(min(one.time for one in events))
    there = set(read_events(folder, first, [Feedback.EVENT])[Feedback.EVENT])
    new = {one.event_id: one for one in reversed(events) if one.event_id not in there}
    return list(new.values())[::-1]


def _write(folder: Path, events: Sequence[Event]) -> int:
    with writing(folder), closing(connect(folder)) as connection:
        return sum(sum(insert(connection, [], [part])) for part in _parts(events))


def _parts(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for start in range(0, len(events), _AT_ONCE):
        yield events[start : start + _AT_ONCE]
