"""Where feedback is kept: SQLite for the newest days, Parquet for the days before.

``events.db`` takes what comes in. :func:`recsys_lib.loop.rotate` moves whole days to
``day=YYYY-MM-DD/lists.parquet`` and ``events.parquet``, which polars and DuckDB read as one table.
A kill between the two leaves a row in both: readers count it once, by its id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import ArtifactError
from recsys_lib.files import writing
from recsys_lib.loop.records import Event, ServedList

DATABASE = "events.db"
LISTS, EVENTS = "lists.parquet", "events.parquet"
_SCHEMA_VERSION = 1
_BUSY_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS lists (
    list_id TEXT PRIMARY KEY, time TEXT NOT NULL, user_id TEXT, session_id TEXT,
    version TEXT NOT NULL, arm TEXT NOT NULL, policy TEXT NOT NULL, route TEXT NOT NULL,
    question TEXT NOT NULL, milliseconds REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS list_items (
    list_id TEXT NOT NULL, position INTEGER NOT NULL, item_id TEXT NOT NULL, score REAL NOT NULL,
    source TEXT NOT NULL, propensity REAL NOT NULL, PRIMARY KEY (list_id, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    event_id TEXT PRIMARY KEY, time TEXT NOT NULL, type TEXT NOT NULL, item_id TEXT NOT NULL,
    list_id TEXT, user_id TEXT, session_id TEXT
) WITHOUT ROWID;
"""
_ONCE = "ON CONFLICT DO NOTHING"  # unlike OR IGNORE, it hides no other fault
_TIME = pl.Datetime("us", "UTC")
_TEXT = pl.String()
SHOWN_SCHEMA: dict[str, pl.DataType] = dict.fromkeys(Feedback.SHOWN, _TEXT) | {
    Feedback.TIME: _TIME,
    Feedback.MILLISECONDS: pl.Float64(),
    Feedback.POSITION: pl.Int64(),
    Feedback.SCORE: pl.Float64(),
    Feedback.PROPENSITY: pl.Float64(),
}
EVENTS_SCHEMA: dict[str, pl.DataType] = dict.fromkeys(Feedback.EVENTS, _TEXT) | {
    Feedback.TIME: _TIME
}
SHOWN_QUERY = (
    "SELECT lists.list_id, time, user_id, session_id, version, arm, policy, route, question, "
    "milliseconds, item_id, position, score, source, propensity "
    "FROM lists LEFT JOIN list_items ON lists.list_id = list_items.list_id"
)
EVENTS_QUERY = "SELECT event_id, time, type, item_id, list_id, user_id, session_id FROM events"


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
        if found not in (0, _SCHEMA_VERSION):
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
            f"INSERT INTO list_items VALUES (?, ?, ?, ?, ?, ?) {_ONCE}",
            (
                (served.list_id, i.position, i.item_id, i.score, i.source, i.propensity)
                for served in lists
                for i in served.items
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


def read_shown(folder: Path) -> pl.DataFrame:
    """A row for each item of each list, columns ``Feedback.SHOWN``, in order of time."""
    rows = _read(folder, SHOWN_QUERY, SHOWN_SCHEMA, LISTS)
    return rows.unique([Feedback.LIST, Feedback.POSITION]).sort(
        Feedback.TIME, Feedback.LIST, Feedback.POSITION
    )


def read_events(folder: Path) -> pl.DataFrame:
    """All events, columns ``Feedback.EVENTS``, in order of time."""
    return (
        _read(folder, EVENTS_QUERY, EVENTS_SCHEMA, EVENTS)
        .unique(Feedback.EVENT)
        .sort(Feedback.TIME, Feedback.EVENT)
    )


def query_rows(
    connection: sqlite3.Connection, query: str, schema: dict[str, pl.DataType], *values: str
) -> pl.DataFrame:
    """The rows of a query whose columns are those of ``schema``."""
    texts = {name: _TEXT if kind == _TIME else kind for name, kind in schema.items()}
    rows = connection.execute(query, values).fetchall()
    frame = pl.DataFrame(rows, schema=texts, orient="row")
    return frame.with_columns(
        pl.col(Feedback.TIME).str.to_datetime(time_unit="us", time_zone="UTC")
    )


def _read(folder: Path, query: str, schema: dict[str, pl.DataType], name: str) -> pl.DataFrame:
    # The database first: what is moved meanwhile is then found in the files.
    frames = []
    if (folder / DATABASE).is_file():
        with closing(connect(folder)) as connection:
            frames.append(query_rows(connection, query, schema))
    for path in sorted(folder.glob(f"day=*/{name}")):
        try:
            frames.append(pl.read_parquet(path, hive_partitioning=False).select(*schema))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ArtifactError(f"{path} cannot be read ({error}): move it away") from error
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)
