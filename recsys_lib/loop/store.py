"""Where feedback is kept: SQLite for the newest days, Parquet for the days before.

``events.db`` takes what comes in. :func:`recsys_lib.loop.rotate` moves whole days to
``day=YYYY-MM-DD/lists.parquet`` and ``events.parquet``, which polars and DuckDB read as one table.
A kill between the two leaves a row in both: readers count it once, by its id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from recsys_lib.columns import Feedback
from recsys_lib.errors import ArtifactError
from recsys_lib.files import writing
from recsys_lib.loop.records import Event, ServedList

DATABASE = "events.db"
_SCHEMA_VERSION = 2
_BUSY_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS lists (
    list_id TEXT PRIMARY KEY, time TEXT NOT NULL, user_id TEXT, session_id TEXT,
    version TEXT NOT NULL, arm TEXT NOT NULL, policy TEXT NOT NULL, route TEXT NOT NULL,
    question TEXT NOT NULL, milliseconds REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS list_items (
    list_id TEXT NOT NULL, position INTEGER NOT NULL, item_id TEXT NOT NULL, score REAL NOT NULL,
    source TEXT NOT NULL, propensity REAL NOT NULL, team TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (list_id, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    event_id TEXT PRIMARY KEY, time TEXT NOT NULL, type TEXT NOT NULL, item_id TEXT NOT NULL,
    list_id TEXT, user_id TEXT, session_id TEXT
) WITHOUT ROWID;
"""
_ONCE = "ON CONFLICT DO NOTHING"  # unlike OR IGNORE, it hides no other fault


def connect(folder: Path) -> sqlite3.Connection:
    """Open the database of a feedback folder, which is made where it is missing.

    What is committed survives a power cut. ArtifactError for a database of another kind;
    StorageError where the folder cannot be written.
    """
    path = folder / DATABASE
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found == 1:
            _add_teams(connection)
        elif found not in (0, _SCHEMA_VERSION):
            raise ArtifactError(
                f"{path} has version {found}, and this program writes version {_SCHEMA_VERSION}: "
                "move it away, or use the program that made it"
            )
        if not found:
            connection.executescript(_TABLES)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise  # locked, or the disk is full
        raise ArtifactError(f"{path} is damaged ({error}): move it away") from error


def _add_teams(connection: sqlite3.Connection) -> None:
    """Version 2 has the team of each item; a service of version 1 cannot write any more."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone() == (1,):  # nobody was faster
            connection.execute("ALTER TABLE list_items ADD COLUMN team TEXT NOT NULL DEFAULT ''")
            connection.execute("PRAGMA user_version = 2")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def insert(
    connection: sqlite3.Connection,
    lists: Sequence[ServedList],
    batches: Sequence[Sequence[Event]] = (),
) -> list[int]:
    """Add lists and events in one transaction; how many events of each batch were not there yet."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(
            f"INSERT INTO lists ({', '.join(Feedback.OF_LIST)}) "
            f"VALUES ({', '.join('?' * len(Feedback.OF_LIST))}) {_ONCE}",
            ([getattr(served, name) for name in Feedback.OF_LIST] for served in lists),
        )
        connection.executemany(
            f"INSERT INTO list_items (list_id, {', '.join(Feedback.OF_ITEM)}) "
            f"VALUES ({', '.join('?' * (1 + len(Feedback.OF_ITEM)))}) {_ONCE}",
            (
                [served.list_id, *(getattr(item, name) for name in Feedback.OF_ITEM)]
                for served in lists
                for item in served.items
            ),
        )
        command = (
            f"INSERT INTO events ({', '.join(Feedback.EVENTS)}) "
            f"VALUES ({', '.join('?' * len(Feedback.EVENTS))}) {_ONCE}"
        )
        added = [
            connection.executemany(
                command, ([getattr(event, name) for name in Feedback.EVENTS] for event in events)
            ).rowcount
            for events in batches
        ]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    return added
