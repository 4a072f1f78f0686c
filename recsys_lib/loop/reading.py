"""Read the log: only the days and columns that are asked for, ids and names as categories.

A day has up to three places of rows: the database, its Parquet files, or both, after a kill in
between. Each row counts once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import ArtifactError
from recsys_lib.loop.records import utc_text
from recsys_lib.loop.store import DATABASE, connect

_ROWS_AT_ONCE = 50_000  # as Python objects
_TIME = pl.Datetime("us", "UTC")
# Ids and names repeat in many rows: as categories each is kept once, and joins compare numbers.
_NAME = pl.Categorical()
Schema = dict[str, pl.DataType]
SHOWN_SCHEMA: Schema = dict.fromkeys(Feedback.SHOWN, _NAME) | {
    Feedback.TIME: _TIME,
    Feedback.QUESTION: pl.String(),
    Feedback.MILLISECONDS: pl.Float64(),
    Feedback.POSITION: pl.Int32(),
    Feedback.SCORE: pl.Float64(),
    Feedback.PROPENSITY: pl.Float64(),
}
EVENTS_SCHEMA: Schema = dict.fromkeys(Feedback.EVENTS, _NAME) | {
    Feedback.TIME: _TIME,
    Feedback.EVENT: pl.String(),
}


@dataclass(frozen=True)
class Kind:
    """Lists or events.

    Parameters
    ----------
    file: name of the Parquet file of a day.
    tables: of the database, joined.
    schema: columns and types as they are read.
    keys: columns that give the rows of one time an order; the first one is the id.
    """

    file: str
    tables: str
    schema: Schema
    keys: tuple[str, ...]

    def query(self, columns: Sequence[str], where: str = "") -> str:
        """The rows of the database."""
        return f"SELECT {', '.join(columns)} FROM {self.tables} {where}"


LISTS = Kind(
    "lists.parquet",
    "lists LEFT JOIN list_items USING (list_id)",
    SHOWN_SCHEMA,
    (Feedback.LIST, Feedback.POSITION),
)
EVENTS = Kind("events.parquet", "events", EVENTS_SCHEMA, (Feedback.EVENT,))


def read_shown(
    folder: Path, since: datetime | None = None, columns: Sequence[str] = Feedback.SHOWN
) -> pl.DataFrame:
    """A row for each item of each list, in order of time.

    Parameters
    ----------
    folder
        ``data/feedback/<dataset>``; it may be missing.
    since
        Only lists of this time and later, with a time zone; None reads all.
    columns
        Some of ``Feedback.SHOWN``.

    Returns
    -------
    polars.DataFrame
        The columns, in the types of ``SHOWN_SCHEMA``.

    Raises
    ------
    ArtifactError
        For a file that cannot be read.
    """
    return _read(folder, LISTS, since, columns)


def read_events(
    folder: Path, since: datetime | None = None, columns: Sequence[str] = Feedback.EVENTS
) -> pl.DataFrame:
    """All events, in order of time; see :func:`read_shown`."""
    return _read(folder, EVENTS, since, columns)


def last_list(folder: Path) -> datetime | None:
    """When the newest list was served; None where there is none."""
    times = []
    if (folder / DATABASE).is_file():
        with closing(connect(folder)) as connection:
            (text,) = connection.execute("SELECT max(time) FROM lists").fetchone()
        times = [datetime.fromisoformat(text)] if text else []
    for path in sorted(folder.glob(f"day=*/{LISTS.file}"))[-1:]:
        newest = file_rows(path, LISTS, [Feedback.TIME])[Feedback.TIME].max()
        times += [newest] if isinstance(newest, datetime) else []
    return max(times, default=None)


def query_rows(
    connection: sqlite3.Connection, kind: Kind, columns: Sequence[str], where: str, *values: str
) -> pl.DataFrame:
    """The rows of the database for which a condition holds."""
    cursor = connection.execute(kind.query(columns, where), values)
    schema = {name: kind.schema[name] for name in columns}
    frames = [pl.DataFrame(schema=schema), *_batches(cursor, schema)]
    return pl.concat(frames)


def _batches(cursor: sqlite3.Cursor, schema: Schema) -> Iterator[pl.DataFrame]:
    texts = {n: kind if kind.is_numeric() else pl.String() for n, kind in schema.items()}
    time = pl.col(Feedback.TIME).str.to_datetime(time_unit="us", time_zone="UTC")
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        frame = pl.DataFrame(rows, schema=texts, orient="row")
        yield frame.with_columns(time if Feedback.TIME in schema else []).cast(pl.Schema(schema))


def _read(folder: Path, kind: Kind, since: datetime | None, columns: Sequence[str]) -> pl.DataFrame:
    needed = list(dict.fromkeys([*columns, Feedback.TIME, *kind.keys]))
    # The database first: what is moved meanwhile is then found in the files.
    newest = _database_rows(folder, kind, since, needed)
    first = f"day={since.astimezone(UTC).date()}" if since else ""
    frames, is_sorted = [], True
    for path in sorted(folder.glob(f"day=*/{kind.file}")):
        if path.parent.name < first:
            continue
        rows = file_rows(path, kind, needed)
        frames.append(rows)
        if newest.height and newest.item(0, Feedback.TIME) <= rows[Feedback.TIME].max():
            ids = kind.keys[0]
            newest, is_sorted = newest.join(rows, on=ids, how="anti"), False
    found = pl.concat([*frames, newest])
    if since:
        found = found.filter(pl.col(Feedback.TIME) >= since)
    if not is_sorted:
        found = found.sort(Feedback.TIME, *kind.keys)
    return found.select(columns)


def _database_rows(
    folder: Path, kind: Kind, since: datetime | None, columns: Sequence[str]
) -> pl.DataFrame:
    if not (folder / DATABASE).is_file():
        return pl.DataFrame(schema={name: kind.schema[name] for name in columns})
    with closing(connect(folder)) as connection:
        where, values = ("WHERE time >= ?", [utc_text(since)]) if since else ("", [])
        rows = query_rows(connection, kind, columns, where, *values)
    return rows.sort(Feedback.TIME, *kind.keys)


def file_rows(path: Path, kind: Kind, columns: Sequence[str]) -> pl.DataFrame:
    """Columns of the file of a day, in the types of the kind; ArtifactError where it is damaged."""
    try:
        there = pl.read_parquet_schema(path)
        asked = [name for name in columns if name in there or name != Feedback.TEAM]
        rows = pl.read_parquet(path, columns=asked, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ArtifactError(f"{path} cannot be read ({error}): move it away") from error
    if len(asked) < len(columns):  # older files have no teams
        rows = rows.with_columns(pl.lit("").alias(Feedback.TEAM))
    return rows.select(columns).cast(pl.Schema({name: kind.schema[name] for name in columns}))


def stored(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in the types of the files: texts as such, so that any program reads them alike."""
    return rows.cast({pl.Categorical: pl.String, pl.Int32: pl.Int64})
