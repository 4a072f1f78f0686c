"""Ask any database that SQLAlchemy knows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import pyarrow as pa
import sqlalchemy as sa

from recsys_lib.data.queries.source import Query
from recsys_lib.errors import InputDataError

_SQLITE, _IN_MEMORY = "sqlite", (None, "", ":memory:")


def tables(query: Query, url: str, n_rows: int) -> Iterator[pa.Table]:
    """A table without rows, then the result, ``n_rows`` rows at a time. Nothing is committed."""
    try:
        engine = sa.create_engine(_located(query, url))
        try:
            with engine.connect().execution_options(stream_results=True) as connection:
                yield from _rows(query, connection, n_rows)
        finally:
            engine.dispose()
    except sa.exc.SQLAlchemyError as error:
        raise query.failed(getattr(error, "orig", None) or error) from error


def _located(query: Query, url: str) -> sa.URL:
    """The address; a file of SQLite is sought beside that of the query."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != _SQLITE or parsed.database in _IN_MEMORY:
        return parsed
    place = query.existing(query.path.parent.resolve() / str(parsed.database))
    return parsed.set(database=str(place))


def _rows(query: Query, connection: sa.Connection, n_rows: int) -> Iterator[pa.Table]:
    result = connection.exec_driver_sql(query.statement)
    if not result.returns_rows:
        raise InputDataError("returns no rows: write a SELECT", file=query.path)
    names = list(result.keys())
    yield _table(names, [])
    while rows := result.fetchmany(n_rows):
        yield _table(names, rows)


def _table(names: list[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pa.table([_array(values) for values in columns], names)


def _array(values: Sequence[Any]) -> pa.Array:
    """Values of one type as they are; objects, and values of several types, as text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) == 1 and not kinds & {dict, list}:
        try:
            return pl.Series(values, strict=True).to_arrow()
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            return _texts(values)  # a type that only the driver knows
    return _texts(values)


def _texts(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
