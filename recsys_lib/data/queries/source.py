"""The file of a query: its database, its statement, and secrets from the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.data.queries.address import Address
from recsys_lib.errors import InputDataError

SUFFIX = ".sql"
_HEADER = re.compile(r"^--\s*(database|fetch)\s*:\s*(.*?)\s*$", re.IGNORECASE)
_DATABASE, _FETCH = "database", "fetch"
_ONCE, _EACH_RUN = "once", "each run"


@dataclass(frozen=True)
class Query:
    """A query and where it is asked.

    Parameters
    ----------
    path: its file.
    database: the URL as it is written, with ``${NAME}`` for what the environment knows.
    statement: the SQL.
    once: whether a result that was fetched before is used again.
    """

    path: Path
    database: str
    statement: str
    once: bool

    @property
    def address(self) -> Address:
        """Where the query is asked."""
        return Address(self.database)

    def url(self) -> str:
        """The URL with the values of the environment; InputDataError for one that is not set."""
        if name := self.address.unset:
            raise InputDataError(
                f"the environment variable {name} is not set: set it before the run",
                file=self.path,
                field=_DATABASE,
            )
        return self.address.url()

    def existing(self, place: Path) -> Path:
        """A database file; a missing one would be made, and be empty."""
        if not place.is_file():
            raise InputDataError(
                f"there is no database file {place}: correct the address",
                file=self.path,
                field=_DATABASE,
            )
        return place

    def failed(self, error: BaseException) -> InputDataError:
        """What a library says, with the names of secrets in place of their values."""
        why = self.address.masked(error)
        return InputDataError(
            f"the database does not answer ({why}): correct the query or the address",
            file=self.path,
        )


def query_files(folder: Path) -> list[Path]:
    """The files in a folder that are queries and name a database, unlike SQL such as a dump."""
    found = (path for path in sorted(folder.glob(f"*{SUFFIX}")) if path.is_file())
    return [path for path in found if _DATABASE in _header(_text(path))]


def is_result(path: Path) -> bool:
    """Whether a file is a part of what was fetched for a query."""
    return path.parent.suffix == SUFFIX


def read_query(path: Path) -> Query:
    """The query in a file; InputDataError for one that is incomplete or holds a password."""
    text = _text(path)
    header = _header(text)
    if not header.get(_DATABASE):
        raise InputDataError(
            "names no database: begin the file with a line such as "
            "-- database: postgresql+psycopg://user:${PASSWORD}@host/name or -- database: duckdb:",
            file=path,
            line=1,
        )
    if Address(header[_DATABASE]).holds_a_password:
        raise InputDataError(
            "the address of the database holds a password: write ${NAME} in its place, and "
            "set the environment variable NAME",
            file=path,
            field=_DATABASE,
        )
    fetch = header.get(_FETCH, _EACH_RUN).lower()
    if fetch not in (_ONCE, _EACH_RUN):
        raise InputDataError(
            f"{fetch!r} is no way to fetch: write {_EACH_RUN!r} or {_ONCE!r}",
            file=path,
            field=_FETCH,
        )
    statement = "\n".join(line for line in text.splitlines() if not _HEADER.match(line.strip()))
    statement = statement.strip().rstrip(";").strip()
    if not any(
        line.strip() and not line.strip().startswith("--") for line in statement.split("\n")
    ):
        raise InputDataError("holds no query: write a SELECT below its first lines", file=path)
    return Query(path, header[_DATABASE], statement, fetch == _ONCE)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError as error:
        raise InputDataError("there is no such file: check its name", file=path) from error
    except OSError as error:
        raise InputDataError(
            f"cannot be read ({error.strerror}): check its permissions", file=path
        ) from error


def _header(text: str) -> dict[str, str]:
    """What the comments before the statement say."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip() and not line.strip().startswith("--"):
            break
        if match := _HEADER.match(line.strip()):
            found[match[1].lower()] = match[2]
    return found
