"""Read records from files of any format, each record with its line number.

Values stay text (a nested list or object is JSON text) unless all values of a block have the type
that is wanted. So the cleaning rules decide about types, alike for all formats, and no reader
guesses. A line that holds no record is rejected with its number and the reason.

To add a format, write a :class:`Reader` and name its suffix in ``_readers.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import polars as pl

from recsys_lib.data.formats._blocks import UNKNOWN, detected_encoding, has_places
from recsys_lib.data.formats._delimited import Delimited
from recsys_lib.data.formats._documents import is_document
from recsys_lib.data.formats._encoding import WESTERN
from recsys_lib.data.formats._jsonlines import JsonLines
from recsys_lib.data.formats._parquet import batch_records
from recsys_lib.data.formats._partitions import partition_values, with_values
from recsys_lib.data.formats._readers import (
    Reader,
    has_times,
    is_flat,
    is_known,
    is_text,
    reader_of,
)
from recsys_lib.data.formats.form import AS_FOUND, TextForm
from recsys_lib.data.formats.nested import opened, outer_schema, split_names
from recsys_lib.data.formats.records import LINE, Records, Schema, Start, Work
from recsys_lib.errors import InputDataError

__all__ = [
    "AS_FOUND",
    "Reader",
    "TextForm",
    "all_fields",
    "batch_records",
    "can_be_continued",
    "count_lines",
    "first_fields",
    "first_records",
    "form_of",
    "guesses_of",
    "has_times",
    "is_flat",
    "is_known",
    "is_text",
    "partition_values",
    "read_records",
    "reader_of",
]


def form_of(path: Path, form: TextForm = AS_FOUND) -> TextForm:
    """How a text file is written, as it is read; nothing for other formats.

    The encoding is "?" where neither the user nor the first 64 KB say it.
    """
    reader = reader_of(path, form)
    if isinstance(reader, Delimited):
        return replace(reader.form_of(path), encoding=form.encoding or detected_encoding(path))
    if isinstance(reader, JsonLines):
        return TextForm(form.encoding or detected_encoding(path))
    return AS_FOUND


def guesses_of(path: Path, found: TextForm) -> set[str]:
    """Which parts of the form that was found in a file are a guess.

    An encoding other than UTF-8 that no mark names; no header.
    """
    reader = reader_of(path)
    known = isinstance(reader, Delimited) and reader.is_known_without_header(path)
    return {
        *(["encoding"] if found.encoding in (WESTERN, UNKNOWN) else []),
        *(["header"] if found.header is False and not known else []),
    }


def can_be_continued(path: Path, form: TextForm = AS_FOUND) -> bool:
    """Whether lines can be appended to a file and read from there: plain text only."""
    reader = reader_of(path)
    if isinstance(reader, JsonLines) and is_document(path, form.encoding):
        return False
    return isinstance(reader, Delimited | JsonLines) and has_places(path, form.encoding)


def count_lines(path: Path, form: TextForm = AS_FOUND) -> int | None:
    """Number of lines of a text file; None for other formats."""
    reader = reader_of(path, form)
    return reader.n_lines(path) if isinstance(reader, Delimited | JsonLines) else None


def first_fields(path: Path, form: TextForm = AS_FOUND) -> list[str]:
    """Names of the fields in the first records of a file; InputDataError when it is empty."""
    return _fields(path, form, whole=False)


def all_fields(path: Path, form: TextForm = AS_FOUND) -> list[str]:
    """Names of all fields in a file; for JSON lines this reads every line."""
    return _fields(path, form, whole=True)


def read_records(
    path: Path, schema: Schema, start: Start, form: TextForm = AS_FOUND, *, apart: bool = False
) -> Iterator[Work]:
    """The records of a file, also fields inside of fields such as ``line.product.sku``.

    With ``apart`` each object of a list, such as a line item of an order, becomes a record. Names
    of folders such as ``dt=2024-01-01`` are fields, too.
    """
    if outside := _outside(path, schema, form):
        inner = {name: kind for name, kind in schema.items() if name not in outside}
        return with_values(read_records(path, inner, start, form, apart=apart), schema, outside)
    reader = reader_of(path, form)
    if not any("." in name for name in schema):
        return reader.read(path, schema, start)
    _, paths = split_names(schema, first_fields(path, form))
    if not paths:
        return reader.read(path, schema, start)
    works = reader.read(path, outer_schema(schema, paths), start)
    return opened(works, schema, paths, path, apart=apart)


def first_records(
    path: Path,
    schema: Schema,
    form: TextForm = AS_FOUND,
    *,
    apart: bool = False,
    is_sample: bool = False,
) -> Records:
    """The records of the first block of a file; none when it has a header only.

    With ``is_sample`` the block is a small one.
    """
    work = next(read_records(path, schema, Start(is_sample=is_sample), form, apart=apart), None)
    if work is None:
        return Records(pl.DataFrame(schema={**schema, LINE: pl.Int64()}), [])
    return work()


def _fields(path: Path, form: TextForm, *, whole: bool) -> list[str]:
    try:
        facts = path.stat()
    except FileNotFoundError as error:
        raise InputDataError("there is no such file: check its name", file=path) from error
    if facts.st_size == 0:
        raise InputDataError("the file is empty: replace or remove it", file=path)
    own = _known_fields(path, form, whole, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    return list(dict.fromkeys([*own, *partition_values(path)]))


def _outside(path: Path, schema: Schema, form: TextForm) -> dict[str, str | None]:
    """Wanted values that only the names of the folders have."""
    values = {name: v for name, v in partition_values(path).items() if name in schema}
    own = reader_of(path, form).fields(path) if values else ()
    return {name: value for name, value in values.items() if name not in own}


@lru_cache(maxsize=1000)
def _known_fields(path: Path, form: TextForm, whole: bool, *_identity: int) -> tuple[str, ...]:
    """The fields of a file, read again only when the file has changed."""
    return tuple(reader_of(path, form).fields(path, whole=whole))
