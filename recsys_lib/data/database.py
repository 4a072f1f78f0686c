"""The SQLite database of a dataset: written in one go, swapped in whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.errors import ArtifactError, StorageError
from recsys_lib.files import replacing

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
# Without a journal a crash ruins the file, which is why it is a temporary one. Long product texts
# want large pages. SQLite sorts an index in pieces of the size of its cache, and pieces that fit
# into the processor's cache are sorted twice as fast, by threads of their own.
_FAST = (
    "PRAGMA page_size = 16384",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -4000",
    "PRAGMA threads = 2",
)
_FAILURES = (OSError, sqlite3.Error, adbc.Error)


def write_database(path: Path, ratings: pl.DataFrame, products: Callable[[], pl.DataFrame]) -> None:
    """Write both tables, each with its indexes, into a new file that replaces the old one.

    ``ratings`` has the columns ``Ratings.ALL``, in the order of the users. ``products`` (columns
    ``Products.ALL``) are asked for when the ratings are written. Raises StorageError when it
    cannot be written; the old file stays.
    """
    try:
        with replacing(path) as temporary:
            _define(temporary, _SCHEMA)
            _insert(temporary, Ratings.TABLE, ratings.select(Ratings.ALL))
            _define(temporary, _INDEXES)
            by_id = products().select(Products.ALL).sort(Products.ITEM)
            _insert(temporary, Products.TABLE, by_id)
    except _FAILURES as error:
        raise StorageError(
            f"{path} could not be written ({error}): is the disk full? "
            "What was there before is untouched"
        ) from error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a read-only connection; ArtifactError when there is no database."""
    if not path.is_file():
        raise ArtifactError(
            f"{path} is not there: run the etl step first (python run_pipeline.py --steps etl)"
        )
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def read_products(path: Path) -> pl.DataFrame:
    """The whole catalogue, columns ``Products.ALL``, in the order of the product ids."""
    columns = ", ".join(Products.ALL)
    with reading(path) as connection:
        return pl.read_database(
            f"SELECT {columns} FROM {Products.TABLE} ORDER BY {Products.ITEM}",
            connection,
            schema_overrides=_PRODUCT_TYPES,
        )


def database_counts(path: Path) -> dict[str, Any]:
    """``{n_ratings, n_users, n_products, avg_rating}`` of the database."""
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


def _define(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("; ".join((*_FAST, statements)))


def _insert(path: Path, table: str, frame: pl.DataFrame) -> None:
    """All rows in one transaction, from column to table without a Python object for each."""
    with adbc.connect(str(path), autocommit=True) as connection, connection.cursor() as cursor:
        for pragma in _FAST:
            cursor.execute(pragma)
        cursor.adbc_ingest(table, frame.to_arrow(), mode="append")
