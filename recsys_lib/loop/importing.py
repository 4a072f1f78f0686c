"""Events that another system logged, into the feedback log: each once, and checked alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.data import queries
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.data.formats import batch_records, first_fields, has_times, read_records
from recsys_lib.data.formats.records import LINE, Records, Rejected, Start
from recsys_lib.errors import QueryError
from recsys_lib.files import writing
from recsys_lib.loop.event_form import OF_PEOPLE, EventForm
from recsys_lib.loop.reading import read_events
from recsys_lib.loop.records import Event
from recsys_lib.loop.store import connect, insert
from recsys_lib.paths import Dataset

_AT_ONCE = 5_000  # events of one transaction: a service that writes, too, waits for it
_ID_LENGTH = 32


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
    """Add the events of a file, or of the result of a query, to the log of a dataset.

    An event without an ``event_id`` gets one from its content, so that the same file can be
    imported again; two events that are alike in everything are one then.

    Parameters
    ----------
    dataset
        Whose log.
    path
        JSON lines, CSV, Parquet or another format that the data of a dataset may have; or a file
        of SQL that names its database, which is asked each time and of which nothing is stored.
    form
        How it writes events; by default with the names of ``Feedback.EVENTS``.

    Returns
    -------
    Imported
        Counts, and the lines that were rejected.

    Raises
    ------
    InputDataError
        If the file cannot be used, or lacks a column; if the database does not answer.
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
    names, blocks = _of_query(path, form) if path.suffix == queries.SUFFIX else _of_file(path, form)
    events: list[Event] = []
    rejected: list[Rejected] = []
    for records in blocks:
        rejected += records.rejected
        for row in records.frame.iter_rows(named=True):
            values = {name: _plain(row[theirs]) for name, theirs in names.items()}
            try:
                events.append(_event(values, form))
            except QueryError as error:
                text = ", ".join(f"{name}={value}" for name, value in values.items() if value)
                rejected.append(Rejected.from_line(path, row[LINE], str(error), text))
    return events, rejected


def _of_file(path: Path, form: EventForm) -> tuple[dict[str, str], Iterator[Records]]:
    names = form.found_in(first_fields(path), path)
    schema = _schema(names, has_times(path))
    return names, (work() for work in read_records(path, schema, Start()))


def _of_query(path: Path, form: EventForm) -> tuple[dict[str, str], Iterator[Records]]:
    """As they come from the database: no copy stays that forgetting somebody would have to find."""
    tables = queries.tables(queries.read_query(path))
    names = form.found_in(next(tables).column_names, path)
    schema = _schema(names, True)

    def blocks() -> Iterator[Records]:
        row = 1
        for batch in chain.from_iterable(table.to_batches() for table in tables):
            yield batch_records(batch.select(list(schema)), schema, row)
            row += len(batch)

    return names, blocks()


def _schema(names: Mapping[str, str], has_times: bool) -> dict[str, pl.DataType]:
    """All as text, but for times where they have a type: whether they have a zone is known then."""
    schema: dict[str, pl.DataType] = dict.fromkeys(names.values(), pl.String())
    if has_times:
        schema[names[Feedback.TIME]] = pl.Datetime()
    return schema


def _plain(value: str | datetime | None) -> str | datetime:
    return value if isinstance(value, datetime) else (value or "").strip()


def _event(values: Mapping[str, Any], form: EventForm) -> Event:
    facts = {name: values.get(name) or None for name in (Feedback.ITEM, *OF_PEOPLE)}
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
