"""Fetch the result of a query into Parquet files, once for each run."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from recsys_lib.data.queries.source import Query
from recsys_lib.errors import InputDataError
from recsys_lib.files import read_json, replacing_folder, write_json, writing

_STATE = "query.json"
_ROWS = 200_000  # of a batch
_DUCKDB = "duckdb"
_REUSED_SINCE = "RECSYS_FETCHED_SINCE"


def reuse_results() -> None:
    """From now on fetch each query once, also in programs that this one starts."""
    os.environ[_REUSED_SINCE] = str(time.time())


def is_reused(fetched_at: float) -> bool:
    """Whether what was fetched then, in seconds since 1970, was fetched in this run."""
    since = os.environ.get(_REUSED_SINCE)
    return since is not None and fetched_at >= float(since)


def fetched(query: Query, folder: Path) -> tuple[Path, ...]:
    """The result of a query as Parquet files in ``folder``; it is fetched unless it is there."""
    target = folder / query.path.name
    if not _is_there(query, target):
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with replacing_folder(target) as temporary:
                n_rows = _write(query, temporary)
                state = {"query": _identity(query), "time": time.time(), "rows": n_rows}
                write_json(temporary / _STATE, state)
    return tuple(sorted(target.glob("*.parquet")))


def _write(query: Query, folder: Path) -> int:
    """One file for each batch; the number of rows."""
    result, n_rows = tables(query), 0
    next(result)  # without rows
    for number, table in enumerate(result):
        pq.write_table(table, folder / f"part-{number:05}.parquet")
        n_rows += len(table)
    if not n_rows:
        raise InputDataError("the query finds no rows: correct it", file=query.path)
    return n_rows


def tables(query: Query) -> Iterator[pa.Table]:
    """Ask the database: a table without rows, then the result, some rows at a time.

    Raises
    ------
    InputDataError
        If the database does not answer, or two columns have one name.
    """
    url = query.url()
    library = _DUCKDB if url.lower().startswith(f"{_DUCKDB}:") else "sqlalchemy"
    try:
        result = import_module(f"{__package__}._{library}").tables(query, url, _ROWS)
        _check_names(query, empty := next(result))
        yield empty
        yield from result
    except ImportError as error:
        raise InputDataError(
            f"the package {error.name or library!r} is missing: pip install 'recsys-lib[sql]', and "
            "the driver of the database",
            file=query.path,
        ) from error


def _check_names(query: Query, table: pa.Table) -> None:
    names = table.column_names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputDataError(
            "two columns have this name: give one another name, by AS", file=query.path, field=twice
        )


def _is_there(query: Query, target: Path) -> bool:
    """Whether this query was fetched in this run, or before where once is enough."""
    state = read_json(target / _STATE) if (target / _STATE).is_file() else {}
    if state.get("query") != _identity(query):
        return False
    return query.once or is_reused(state["time"])


def _identity(query: Query) -> str:
    """Of the database as it is written: no secret is stored, not even as a hash."""
    return hashlib.sha256(f"{query.database}\n{query.statement}".encode()).hexdigest()
