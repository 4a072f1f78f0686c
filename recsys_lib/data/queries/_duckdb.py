"""Ask DuckDB, in this process: a database file, or other files beside that of the query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import duckdb
import pyarrow as pa

from recsys_lib.data.queries.source import Query
from recsys_lib.errors import InputDataError

_NO_FILE = ("", ":memory:")


def tables(query: Query, url: str, n_rows: int) -> Iterator[pa.Table]:
    """A table without rows, then the result, ``n_rows`` rows at a time."""
    name = url.partition(":")[2].removeprefix("///").removeprefix("//")
    folder = query.path.parent.resolve()
    try:
        if name in _NO_FILE:
            connection = duckdb.connect(":memory:", config={"file_search_path": str(folder)})
        else:
            connection = duckdb.connect(str(query.existing(folder / name)), read_only=True)
        with closing(connection):
            relation = connection.sql(query.statement)
            if relation is None:
                raise InputDataError("returns no rows: write a SELECT", file=query.path)
            result = relation.to_arrow_reader(n_rows)
            yield pa.Table.from_batches([], result.schema)
            yield from (pa.Table.from_batches([batch]) for batch in result)
    except duckdb.Error as error:
        raise query.failed(error) from error
