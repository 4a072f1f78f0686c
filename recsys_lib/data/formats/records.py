"""Read records from files of any kind, every record with its line number.

Values stay text here (a nested list or object is its JSON text), or are what they were hoped to be
beyond doubt, so that one cleaning stage decides about types for all formats and no reader guesses.
What is not a record at all is set aside with its line number and the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from recsys_lib.data.formats.blocks import Schema, Start, Work
from recsys_lib.data.formats.delimited import Delimited
from recsys_lib.data.formats.jsonlines import JsonLines
from recsys_lib.data.formats.open_files import plain_name
from recsys_lib.data.formats.parquet import Parquet
from recsys_lib.errors import InputDataError


class Reader(Protocol):
    """What knows one format."""

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """Names of the fields in the first records of a file, or in the whole of it."""

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """The records from ``start`` on; a field that the file does not have is null."""


_TYPED = Delimited("\t", quoted=False, typed=True)
_READERS: dict[str, Reader] = {
    # The files of MovieLens that do not say what their columns are, by their whole names.
    "u.data": Delimited("\t", ("user_id", "item_id", "rating", "timestamp"), quoted=False),
    "u.item": Delimited(
        "|",
        ("item_id", "title", "date", "video", "url", *(f"genre{i}" for i in range(19))),
        quoted=False,
        encoding="latin-1",
    ),
    "ratings.dat": Delimited("::", ("user_id", "item_id", "rating", "timestamp"), quoted=False),
    "movies.dat": Delimited("::", ("item_id", "title", "genres"), quoted=False, encoding="latin-1"),
    ".json": JsonLines(),
    ".jsonl": JsonLines(),
    ".ndjson": JsonLines(),
    ".csv": Delimited(",", others=";\t|"),
    ".tsv": Delimited("\t"),
    ".parquet": Parquet(),
    ".inter": _TYPED,
    ".item": _TYPED,
}


def reader_of(path: Path) -> Reader:
    """The reader for a file, by its name; InputDataError for a name of no known kind."""
    name = plain_name(path)
    reader = _READERS.get(name) or _READERS.get(Path(name).suffix)
    if reader is None:
        raise InputDataError(
            "unknown kind of file: use .jsonl or .json (one object a line), .csv, .tsv, .inter or "
            ".parquet, the text ones also as .gz or .zst",
            file=path,
        )
    return reader


def is_known(path: Path) -> bool:
    """Whether there is a reader for a file of this name."""
    name = plain_name(path)
    return name in _READERS or Path(name).suffix in _READERS


def first_fields(path: Path) -> list[str]:
    """Names of the fields in the first records of a file."""
    if path.stat().st_size == 0:
        raise InputDataError("the file is empty", file=path)
    return reader_of(path).fields(path)


def all_fields(path: Path) -> list[str]:
    """Names of all fields in a file; of JSON lines every line is looked at."""
    return reader_of(path).fields(path, whole=True)
