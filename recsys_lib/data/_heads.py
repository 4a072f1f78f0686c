"""The first lines of a file that lies elsewhere, as a file here that its readers understand."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from recsys_lib.data.formats import is_text

_SMALL = 4 << 20  # bytes; such a file comes whole
_HEAD = 3 << 20  # bytes of a text; fields are told by the first 2 MB, and by later lines
_PLACES, _LINES_AT_PLACE = 100, 10
_ROWS = 1_000  # of a table
_PARQUET = ".parquet"
_DAMAGES = (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)


def _zstandard(file: Any, mode: str = "rb") -> Any:
    kind = pa.CompressedInputStream if mode == "rb" else pa.CompressedOutputStream
    return kind(file, "zstd")


_OPEN: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _zstandard,
}


def write_head(source: BinaryIO, size: int, target: Path) -> None:
    """Write the start of a file of ``size`` bytes to ``target``, which has its name.

    Small files, archives and workbooks come whole; of a long text that is not compressed come some
    later lines, too, since fields of JSON may begin there.
    """
    if size <= _SMALL:
        _whole(source, target)
        return
    try:
        if target.suffix == _PARQUET:
            _first_rows(source, target)
        elif opener := _OPEN.get(target.suffix):
            with opener(source) as text, opener(target, "wb") as out:
                out.write(_first_lines(text))
        elif is_text(target):
            _spread_lines(source, size, target)
        else:
            _whole(source, target)
    except _DAMAGES:
        # Its start is as damaged as the file: the reader says so where it is needed.
        source.seek(0)
        target.write_bytes(source.read(_SMALL))


def _whole(source: BinaryIO, target: Path) -> None:
    with target.open("wb") as out:
        shutil.copyfileobj(source, out)


def _first_lines(text: Any) -> bytes:
    """At least one line, and not a part of one."""
    head: bytes = text.read(_HEAD)
    while b"\n" not in head and (more := text.read(_HEAD)):
        head += more
    return head[: head.rfind(b"\n") + 1] or head


def _spread_lines(source: BinaryIO, size: int, target: Path) -> None:
    with target.open("wb") as out:
        head = _first_lines(source)
        out.write(head)
        rest = size - len(head)
        for n in range(_PLACES):
            source.seek(len(head) + rest * n // _PLACES)
            source.readline()
            out.writelines(islice(source, _LINES_AT_PLACE))


def _first_rows(source: BinaryIO, target: Path) -> None:
    table = pq.ParquetFile(source)
    batches = list(islice(table.iter_batches(_ROWS), 1))
    pq.write_table(pa.Table.from_batches(batches, table.schema_arrow), target)
