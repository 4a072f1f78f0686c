"""Exported lists as tables of a database: all of an export is visible at once, or nothing of it.

This module imports SQLAlchemy, which the extra ``sql`` installs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from recsys_lib.columns import Exports
from recsys_lib.data.queries.address import Address
from recsys_lib.errors import ParameterError, StorageError
from recsys_lib.serving.export.export import REMOVED_USERS

_INCOMING = "__incoming"
_ROWS = 10_000  # sent at once
# Some databases can find no text of any length by an index.
_ID: sa.types.TypeEngine[Any] = sa.String(255).with_variant(sa.Text(), "postgresql", "sqlite")
_KINDS: dict[pa.DataType, sa.types.TypeEngine[Any]] = {
    pa.int32(): sa.Integer(),
    pa.float32(): sa.Float(),
}


def write_to_database(
    files: Iterable[Path], address: Address, *, only_changed: bool = False
) -> dict[str, int]:
    """Write each file into the table of its name, such as ``recommendations``.

    Rows are sent to tables beside them first. One transaction then replaces the rows of all tables,
    so that readers see the earlier lists or the new ones; rights, views and indexes of a table
    stay as they are. A table that is not there is made.

    Parameters
    ----------
    files
        What :meth:`Export.run` has written.
    address
        Of any database that SQLAlchemy knows.
    only_changed
        Replace the lists of the users in the files, and of those who are gone, and no others.

    Returns
    -------
    dict of str to int
        Rows that were written, by table.

    Raises
    ------
    ParameterError
        When the address is none, a variable is not set, or a driver is missing.
    StorageError
        When the database fails; nothing of this export is visible then.

    Examples
    --------
    >>> write_to_database(paths, Address("postgresql+psycopg:///shop"))  # doctest: +SKIP
    {'recommendations': 16900000}
    """
    with _connected(address) as engine:
        tables = [_Table(path) for path in files]
        for table in tables:
            table.send(engine)
        gone = [table for table in tables if table.path.name == REMOVED_USERS]
        lists = [table for table in tables if table not in gone]
        with engine.begin() as connection:
            for table in lists:
                table.show(connection, (table, *gone) if only_changed else ())
        for table in tables:
            table.incoming.drop(engine)
    return {table.path.stem: table.file.metadata.num_rows for table in lists}


class _Table:
    """A file on its way into a table."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, pq.ParquetFile(path)

    @cached_property
    def incoming(self) -> sa.Table:
        """Beside the table that is read; an export that failed leaves it to the next one."""
        return self._table(self.path.stem + _INCOMING)

    @cached_property
    def shown(self) -> sa.Table:
        """The table that is read."""
        return self._table(self.path.stem)

    def send(self, engine: sa.Engine) -> None:
        """Fill the table beside."""
        self.incoming.drop(engine, checkfirst=True)
        self.incoming.create(engine)
        for batch in self.file.iter_batches(_ROWS):
            with engine.begin() as connection:
                connection.execute(self.incoming.insert(), batch.to_pylist())

    def show(self, connection: sa.Connection, only_of: Iterable[_Table]) -> None:
        """Replace all rows, or those of the users in some tables, within a transaction."""
        self.shown.create(connection, checkfirst=True)
        old = self.shown.delete()
        changed = [sa.select(table.incoming.c[Exports.USER]) for table in only_of]
        for users in changed:
            connection.execute(old.where(self.shown.c[Exports.USER].in_(users)))
        if not changed:
            connection.execute(old)
        columns = list(self.incoming.columns)
        names = [column.name for column in columns]
        connection.execute(self.shown.insert().from_select(names, sa.select(*columns)))

    def _table(self, name: str) -> sa.Table:
        first, *others = self.file.schema_arrow
        columns = [sa.Column(field.name, _KINDS.get(field.type, _ID)) for field in others]
        return sa.Table(name, sa.MetaData(), sa.Column(first.name, _ID, index=True), *columns)


@contextmanager
def _connected(address: Address) -> Iterator[sa.Engine]:
    """An engine for a block; errors of the database as ours, without secrets."""
    if address.holds_a_password:
        raise ParameterError(
            "--database holds a password: write ${NAME} in its place, and set the environment "
            "variable NAME"
        )
    if address.unset:
        raise ParameterError(f"--database: the environment variable {address.unset} is not set")
    try:
        engine = sa.create_engine(address.url())
    except ImportError as error:
        raise ParameterError(
            f"--database: the driver {error.name!r} is missing: pip install it"
        ) from error
    except sa.exc.SQLAlchemyError as error:
        raise ParameterError(
            f"--database is no address ({address.masked(error)}): write DIALECT+DRIVER://USER@HOST/"
            "NAME, such as postgresql+psycopg://shop:${PASSWORD}@localhost/shop"
        ) from error
    try:
        yield engine
    except sa.exc.SQLAlchemyError as error:
        why = address.masked(getattr(error, "orig", None) or error)
        raise StorageError(
            f"the database failed ({why}): what it had before is still there, and nothing of this "
            "export can be seen; run it again"
        ) from error
    finally:
        engine.dispose()
