"""Move days that are over from the database to Parquet files."""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from filelock import FileLock

from recsys_lib.columns import Feedback
from recsys_lib.errors import RecsysError
from recsys_lib.files import replacing
from recsys_lib.loop.reading import EVENTS, LISTS, Kind, file_rows, query_rows, stored
from recsys_lib.loop.store import DATABASE, connect

ROTATION_LOCK = ".rotation.lock"
"""In the folder of a log; who moves or removes rows holds it."""
_LOOK_SECONDS = 3600.0
_ROWS_AT_ONCE = 10_000


def rotate(folder: Path, today: date | None = None) -> list[date]:
    """Move all days before ``today`` (UTC) to ``day=YYYY-MM-DD/``; which days these were.

    A file appears whole, and its rows leave the database after that: a kill in between leaves rows
    in both, which the next call puts right. Several processes may call it.
    """
    if not (folder / DATABASE).is_file():
        return []
    today = today or datetime.now(UTC).date()
    with FileLock(folder / ROTATION_LOCK), closing(connect(folder)) as connection:
        days = _days_before(connection, today)
        for day in days:
            _move(connection, folder, day)
        if days:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return days


def keep_rotating(folder: Path) -> None:
    """Rotate now and after each midnight (UTC), for ever; what fails is said and tried again."""
    while True:
        try:
            rotate(folder)
        except (sqlite3.Error, RecsysError, OSError) as error:
            print(f"Feedback: {folder} was not rotated: {error}", file=sys.stderr, flush=True)
        now = datetime.now(UTC)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        # A computer that sleeps stops the clock of a thread: look again every hour.
        time.sleep(min((midnight - now).total_seconds() + 1, _LOOK_SECONDS))


def _days_before(connection: sqlite3.Connection, today: date) -> list[date]:
    rows = connection.execute(
        "SELECT DISTINCT substr(time, 1, 10) FROM lists WHERE time < ? "
        "UNION SELECT DISTINCT substr(time, 1, 10) FROM events WHERE time < ?",
        (today.isoformat(),) * 2,
    )
    return sorted(date.fromisoformat(day) for (day,) in rows)


def _move(connection: sqlite3.Connection, folder: Path, day: date) -> None:
    target = folder / f"day={day.isoformat()}"
    shown, events = (_rows_of(connection, kind, day) for kind in (LISTS, EVENTS))
    _add(target, LISTS, shown)
    _add(target, EVENTS, events)
    _delete(connection, ("list_items", "lists"), Feedback.LIST, shown)
    _delete(connection, ("events",), Feedback.EVENT, events)


def _rows_of(connection: sqlite3.Connection, kind: Kind, day: date) -> pl.DataFrame:
    start, end = day.isoformat(), f"{day.isoformat()}~"  # after every time of the day
    columns, where = list(kind.schema), "WHERE time >= ? AND time < ?"
    return query_rows(connection, kind, columns, where, start, end)


def _add(folder: Path, kind: Kind, rows: pl.DataFrame) -> None:
    """Write rows to the file of a day, beside those that it has already."""
    if rows.is_empty():
        return
    path = folder / kind.file
    if path.is_file():
        before = file_rows(path, kind, rows.columns)
        rows = pl.concat([before, rows]).unique(kind.keys, keep="first")
    with replacing(path) as temporary:
        stored(rows).sort(Feedback.TIME, *kind.keys).write_parquet(temporary)


def _delete(
    connection: sqlite3.Connection, tables: tuple[str, ...], key: str, rows: pl.DataFrame
) -> None:
    """Delete what was moved, not what has come since; a few at a time, since others write, too."""
    ids = rows[key].unique().to_list()
    for start in range(0, len(ids), _ROWS_AT_ONCE):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for table in tables:
                connection.executemany(
                    f"DELETE FROM {table} WHERE {key} = ?",
                    ((each,) for each in ids[start : start + _ROWS_AT_ONCE]),
                )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
