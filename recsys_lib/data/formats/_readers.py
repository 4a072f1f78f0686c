"""Which reader reads which file, by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from recsys_lib.data.formats._blocks import plain_name
from recsys_lib.data.formats._delimited import Delimited
from recsys_lib.data.formats._excel import Excel
from recsys_lib.data.formats._jsonlines import JsonLines
from recsys_lib.data.formats._parquet import Parquet
from recsys_lib.data.formats.form import AS_FOUND, TextForm
from recsys_lib.data.formats.records import Schema, Start, Work
from recsys_lib.errors import InputDataError


class Reader(Protocol):
    """Reads one format."""

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """Names of the fields in the first records of a file, or in all of them."""

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """The records from ``start`` on; a field that the file lacks is null."""


_PARQUET = ".parquet"
_RATINGS = ("user_id", "item_id", "rating", "timestamp")
_GENRES = tuple(f"genre{i}" for i in range(19))
_MOVIES_100K = ("item_id", "title", "date", "video", "url", *_GENRES)
_TYPED = Delimited("\t", quoted=None, typed=True, detects=True)
_READERS: dict[str, Reader] = {
    # Files of MovieLens that do not name their columns, by their full names.
    "u.data": Delimited("\t", _RATINGS, quoted=False),
    "u.item": Delimited("|", _MOVIES_100K, quoted=False),
    "ratings.dat": Delimited("::", _RATINGS, quoted=False, detects=True),
    "movies.dat": Delimited("::", ("item_id", "title", "genres"), quoted=False, detects=True),
    ".json": JsonLines(),
    ".jsonl": JsonLines(),
    ".ndjson": JsonLines(),
    ".csv": Delimited(",", detects=True, nameless=("ratings_", _RATINGS)),
    ".tsv": Delimited("\t", quoted=None, detects=True),
    ".dat": Delimited("::", quoted=None, detects=True),
    _PARQUET: Parquet(),
    ".xlsx": Excel(),
    ".xls": Excel(),
    ".ods": Excel(),
    ".inter": _TYPED,
    ".item": _TYPED,
}


def reader_of(path: Path, form: TextForm = AS_FOUND) -> Reader:
    """The reader for a file, chosen by its name; InputDataError when no reader knows the name.

    ``form`` is how the text files of the dataset are written, as far as the user says.
    """
    name = plain_name(path)
    reader = _READERS.get(name) or _READERS.get(Path(name).suffix)
    if reader is None:
        raise InputDataError(
            "unknown file format: use .jsonl, .json, .csv, .tsv, .dat, .inter, .parquet or .xlsx; "
            "text files may also end in .gz, .zst, .bz2, .xz or .zip",
            file=path,
        )
    return replace(reader, form=form) if isinstance(reader, Delimited | JsonLines) else reader


def is_known(path: Path) -> bool:
    """Whether there is a reader for a file of this name."""
    name = plain_name(path)
    return name in _READERS or Path(name).suffix in _READERS


def has_times(path: Path) -> bool:
    """Whether a format has a type for times, which can be read as such."""
    return isinstance(reader_of(path), Parquet)


def is_flat(path: Path) -> bool:
    """Whether a format has no objects inside of records."""
    return isinstance(reader_of(path), Delimited)


def is_text(path: Path) -> bool:
    """Whether a format is one of lines: JSON, or a table with separators."""
    return isinstance(reader_of(path), Delimited | JsonLines)
