"""The SQLite database of a dataset: written anew, then swapped in whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.errors import ArtifactError, StorageError
from recsys_lib.files import replacing, sync, writing

_SCHEMA = f"""
CREATE TABLE {Ratings.TABLE} (
    {Ratings.USER} TEXT NOT NULL,
    {Ratings.ITEM} TEXT NOT NULL,
    {Ratings.RATING} REAL,
    {Ratings.TIMESTAMP} INTEGER NOT NULL,
    {Ratings.VERIFIED} INTEGER,
    {Ratings.HELPFUL} INTEGER
);
CREATE TABLE {Products.TABLE} (
    {Products.ITEM} TEXT PRIMARY KEY,
    {Products.TITLE} TEXT,
    {Products.MAIN_CATEGORY} TEXT,
    {Products.AVERAGE_RATING} REAL,
    {Products.RATING_NUMBER} INTEGER,
    {Products.PRICE} REAL,
    {Products.STORE} TEXT,
    {Products.FEATURES} TEXT,
    {Products.DESCRIPTION} TEXT,
    {Products.IMAGES} TEXT,
    {Products.CATEGORIES} TEXT,
    {Products.DETAILS} TEXT
) WITHOUT ROWID;
"""
_INDEXES = f"""
CREATE UNIQUE INDEX ratings_by_user ON {Ratings.TABLE} ({Ratings.USER}, {Ratings.ITEM});
CREATE INDEX ratings_by_item ON {Ratings.TABLE} ({Ratings.ITEM});
"""
_RUN_ETL = "python run_pipeline.py --steps etl"
_BUSY_SECONDS = 30.0
_LEFTOVERS = ("-wal", "-shm", "-journal")
# Without a journal a crash ruins the file, so it is a temporary one. Large pages suit long product
# texts. SQLite sorts an index in pieces of the size of its cache; pieces that fit into the
# processor's cache are sorted twice as fast, each in a thread of its own.
_FAST = (
    "PRAGMA page_size = 16384",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -4000",
    "PRAGMA threads = 2",
)


def write_database(path: Path, ratings: pl.DataFrame, products: Callable[[], pl.DataFrame]) -> None:
    """Write both tables and their indexes into a new file that replaces the old one.

    ``ratings`` has the columns ``Ratings.ALL``, ordered by user. ``products`` is called once the
    ratings are written, and returns the columns ``Products.ALL``. Raises StorageError when the
    file cannot be written; the old one stays.

    What a killed program left beside the old database goes with it: SQLite would take the pages in
    it for changes of the new one.
    """
    from adbc_driver_sqlite.dbapi import Error as AdbcError  # noqa: PLC0415  # for writing only

    try:
        with replacing(path) as temporary:
            _define(temporary, _SCHEMA)
            _insert(temporary, Ratings.TABLE, ratings.select(Ratings.ALL))
            _define(temporary, _INDEXES)
            by_id = products().select(Products.ALL).sort(Products.ITEM)
            _insert(temporary, Products.TABLE, by_id)
            sync(temporary)
            _remove_leftovers(path)
    except (OSError, sqlite3.Error, AdbcError) as error:
        raise StorageError(
            f"{path} could not be written ({error}): is the disk full? The old file is unchanged; "
            "free space or correct the permissions of its folder, then run the etl step again"
        ) from error


def merge_into_database(path: Path, ratings: pl.DataFrame, products: pl.DataFrame) -> None:
    """Add rows, or put them in the place of those of the same pair or product: all or none.

    ``ratings`` has the columns ``Ratings.ALL``, ``products`` the columns ``Products.ALL``. Readers
    see the tables as they were until all is written. StorageError when the disk is full.
    """
    pair = f"{Ratings.USER}, {Ratings.ITEM}"
    with _changing(path) as connection:
        for table, key, frame in (
            (Ratings.TABLE, pair, ratings.select(Ratings.ALL)),
            (Products.TABLE, Products.ITEM, products.select(Products.ALL)),
        ):
            names = ", ".join(frame.columns)
            marks = ", ".join("?" * frame.width)
            new = ", ".join(f"{name} = excluded.{name}" for name in frame.columns)
            connection.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({marks}) "
                f"ON CONFLICT ({key}) DO UPDATE SET {new}",
                frame.iter_rows(),
            )


def delete_users(path: Path, users: Sequence[str]) -> int:
    """Delete all ratings of users, and write the file anew, so that no byte of them is left.

    Returns how many ratings there were. StorageError when the disk is full.
    """
    with _changing(path) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        deleted = sum(
            connection.execute(
                f"DELETE FROM {Ratings.TABLE} WHERE {Ratings.USER} = ?", (user,)
            ).rowcount
            for user in users
        )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
    return deleted


@contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose changes happen together; ArtifactError without a database."""
    if not path.is_file():
        raise ArtifactError(f"{path} is missing: run the etl step first ({_RUN_ETL})")
    with (
        writing(path),
        closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection,
        connection,
    ):
        yield connection


def check_database(path: Path) -> None:
    """Raise StorageError unless SQLite finds the tables whole."""
    with reading(path) as connection:
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            found = error
    if found != "ok":
        raise StorageError(
            f"{path} is damaged right after it was written ({found}): check the disk, close other "
            "programs that have the file open, then run the etl step again"
        )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection; ArtifactError when the database is missing."""
    if not path.is_file():
        raise ArtifactError(f"{path} is missing: run the etl step first ({_RUN_ETL})")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def read_products(path: Path, ids: Sequence[str] | None = None) -> pl.DataFrame:
    """The whole catalogue, or the products with these ids; ``Products.ALL``, ordered by id."""
    columns = ", ".join(Products.ALL)
    with reading(path) as connection:
        chosen = ""
        if ids is not None:
            connection.execute("CREATE TEMP TABLE wanted (id TEXT PRIMARY KEY) WITHOUT ROWID")
            connection.executemany("INSERT INTO wanted VALUES (?)", ((each,) for each in ids))
            chosen = f"JOIN wanted ON {Products.ITEM} = wanted.id"
        return pl.read_database(
            f"SELECT {columns} FROM {Products.TABLE} {chosen} ORDER BY {Products.ITEM}",
            connection,
            schema_overrides=_PRODUCT_TYPES,
        )


def database_counts(path: Path) -> dict[str, Any]:
    """Count the database: ``{n_ratings, n_users, n_products, avg_rating}``."""
    with reading(path) as connection:
        n_ratings, n_users, average = connection.execute(
            f"SELECT COUNT(*), COUNT(DISTINCT {Ratings.USER}), AVG({Ratings.RATING}) "
            f"FROM {Ratings.TABLE}"
        ).fetchone()
        (n_products,) = connection.execute(f"SELECT COUNT(*) FROM {Products.TABLE}").fetchone()
    return {
        "n_ratings": n_ratings,
        "n_users": n_users,
        "n_products": n_products,
        "avg_rating": average,
    }


_PRODUCT_TYPES: dict[str, Any] = {
    **dict.fromkeys(Products.ALL, pl.String),
    Products.AVERAGE_RATING: pl.Float64,
    Products.RATING_NUMBER: pl.Int64,
    Products.PRICE: pl.Float64,
}


def _remove_leftovers(path: Path) -> None:
    for suffix in _LEFTOVERS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _define(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("; ".join((*_FAST, statements)))


def _insert(path: Path, table: str, frame: pl.DataFrame) -> None:
    """Insert all rows in one transaction, without a Python object for each value."""
    from adbc_driver_sqlite import dbapi as adbc  # noqa: PLC0415  # for writing only

    with adbc.connect(str(path), autocommit=True) as connection, connection.cursor() as cursor:
        for pragma in _FAST:
            cursor.execute(pragma)
        cursor.adbc_ingest(table, frame.to_arrow(), mode="append")
