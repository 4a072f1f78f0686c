"""Remove users from the feedback log: from the database, and from the files of all days."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from filelock import FileLock

from recsys_lib.columns import Feedback
from recsys_lib.files import replacing, writing
from recsys_lib.loop.reading import EVENTS, LISTS
from recsys_lib.loop.rotation import ROTATION_LOCK
from recsys_lib.loop.store import DATABASE, connect

_OF_PEOPLE = (
    f"{Feedback.USER} IN (SELECT id FROM gone) OR {Feedback.SESSION} IN (SELECT id FROM gone)"
)


@dataclass(frozen=True)
class RemovedFeedback:
    """How many lists and events were removed."""

    lists: int = 0
    events: int = 0


def remove_from_log(folder: Path, users: Sequence[str]) -> RemovedFeedback:
    """Remove lists and events of users, and those of their sessions.

    Each file of a day is replaced in one move; the database changes in one transaction and is then
    written anew, so that no byte of them is left. After a kill the call can be repeated.

    Parameters
    ----------
    folder
        ``data/feedback/<dataset>``; it may be missing.
    users
        Their ids.

    Returns
    -------
    RemovedFeedback
        Counts of lists and events.
    """
    if not folder.is_dir():
        return RemovedFeedback()
    with writing(folder), FileLock(folder / ROTATION_LOCK), _database(folder) as connection:
        _fill(connection, "gone", users)
        for sessions in _sessions(connection, folder, users):
            _fill(connection, "gone", sessions)
        people = [each for (each,) in connection.execute("SELECT id FROM gone")]
        lists = {each for found in _lists(connection, folder, people) for each in found}
        _fill(connection, "gone_lists", lists)
        in_files = sum(_filter(path, _mine(people, lists)) for path in _files(folder, EVENTS.file))
        for path in _files(folder, LISTS.file):
            _filter(path, pl.col(Feedback.LIST).cast(pl.String).is_in(list(lists)))
        in_database = _delete(connection)
    return RemovedFeedback(len(lists), in_files + in_database)


@contextmanager
def _database(folder: Path) -> Iterator[sqlite3.Connection]:
    """The log's database, with tables for who is gone; an empty one where there is none yet."""
    there = (folder / DATABASE).is_file()
    with closing(connect(folder) if there else sqlite3.connect(":memory:")) as connection:
        for table in ("gone", "gone_lists"):
            connection.execute(f"CREATE TEMP TABLE {table} (id TEXT PRIMARY KEY) WITHOUT ROWID")
        yield connection
        if there:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill(connection: sqlite3.Connection, table: str, ids: Iterable[str]) -> None:
    connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?)", ((each,) for each in ids))


def _has_tables(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'events'")
    return bool(found.fetchone()[0])


def _sessions(
    connection: sqlite3.Connection, folder: Path, users: Sequence[str]
) -> Iterator[set[str]]:
    """Sessions in which the users were known."""
    if _has_tables(connection):
        for table in ("lists", "events"):
            found = connection.execute(
                f"SELECT DISTINCT {Feedback.SESSION} FROM {table} WHERE {Feedback.USER} IN "
                f"(SELECT id FROM gone) AND {Feedback.SESSION} IS NOT NULL"
            )
            yield {each for (each,) in found.fetchall()}
    for name in (LISTS.file, EVENTS.file):
        for path in _files(folder, name):
            rows = pl.read_parquet(path, hive_partitioning=False)
            mine = rows.filter(pl.col(Feedback.USER).cast(pl.String).is_in(users))
            yield set(mine[Feedback.SESSION].cast(pl.String).drop_nulls())


def _lists(
    connection: sqlite3.Connection, folder: Path, people: Sequence[str]
) -> Iterator[set[str]]:
    """Lists of these users and sessions, and lists that were asked for with their ids."""
    if _has_tables(connection):
        found = connection.execute(
            f"SELECT {Feedback.LIST} FROM lists WHERE {_OF_PEOPLE} "
            f"OR {Feedback.QUESTION} IN (SELECT id FROM gone)"
        )
        yield {each for (each,) in found.fetchall()}
    for path in _files(folder, LISTS.file):
        rows = pl.read_parquet(path, hive_partitioning=False)
        yield set(
            rows.filter(_named(people, Feedback.USER, Feedback.SESSION, Feedback.QUESTION))[
                Feedback.LIST
            ].cast(pl.String)
        )


def _named(people: Sequence[str], *columns: str) -> pl.Expr:
    return pl.any_horizontal(
        pl.col(name).cast(pl.String).is_in(people).fill_null(False) for name in columns
    )


def _mine(people: Sequence[str], lists: Iterable[str]) -> pl.Expr:
    """Events of people, or in one of the lists."""
    in_lists = pl.col(Feedback.LIST).cast(pl.String).is_in(list(lists)).fill_null(False)
    return _named(people, Feedback.USER, Feedback.SESSION) | in_lists


def _files(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"day=*/{name}"))


def _filter(path: Path, gone: pl.Expr) -> int:
    """Take rows out of a file; how many there were."""
    rows = pl.read_parquet(path, hive_partitioning=False)
    left = rows.filter(~gone)
    if left.is_empty() and len(rows):
        path.unlink()
    elif len(left) < len(rows):
        with replacing(path) as temporary:
            left.write_parquet(temporary)
    return len(rows) - len(left)


def _delete(connection: sqlite3.Connection) -> int:
    """Delete the rows of people and lists that are gone; how many events there were."""
    if not _has_tables(connection):
        return 0
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        in_lists = f"{Feedback.LIST} IN (SELECT id FROM gone_lists)"
        events = connection.execute(f"DELETE FROM events WHERE {_OF_PEOPLE} OR {in_lists}")
        for table in ("list_items", "lists"):
            connection.execute(f"DELETE FROM {table} WHERE {in_lists}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return events.rowcount
