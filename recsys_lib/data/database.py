"""The SQLite database of a dataset: written in one go, swapped in whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.errors import ArtifactError
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
_FAST = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"


def write_database(path: Path, ratings: pl.DataFrame, products: pl.DataFrame) -> None:
    """Write both tables, then the indexes, into a new file that replaces the old one.

    ``ratings`` has the columns ``Ratings.ALL``, ``products`` those of ``Products.ALL``.
    """
    # Without a journal a crash ruins the file, which is why it is a temporary one.
    with replacing(path) as temporary, closing(sqlite3.connect(temporary)) as connection:
        connection.executescript(_FAST + _SCHEMA)
        with connection:
            _insert(connection, Ratings.TABLE, ratings.select(Ratings.ALL))
            _insert(connection, Products.TABLE, products.select(Products.ALL))
        connection.executescript(_INDEXES)


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


def _insert(connection: sqlite3.Connection, table: str, frame: pl.DataFrame) -> None:
    marks = ", ".join("?" * frame.width)
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", frame.iter_rows())
