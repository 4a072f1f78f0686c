"""Open a plain or compressed file, with errors that name it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from recsys_lib.errors import InputDataError

COMPRESSED = (".gz", ".zst")


def plain_name(path: Path) -> str:
    """The file's name without the ending of a compression."""
    return path.stem if path.suffix in COMPRESSED else path.name


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Yield the uncompressed bytes; a broken file is an InputDataError, also while reading."""
    try:
        with _opened(path) as file:
            yield file
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputDataError(f"not readable as gzip ({error}): get it again", file=path) from error
    except OSError as error:
        reason = error.strerror or f"not readable as Zstandard: {error}"
        raise InputDataError(f"cannot be read ({reason})", file=path) from error


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path))
    if path.suffix == ".zst":
        return BufferedReader(pa.input_stream(path, compression="zstd"))
    return path.open("rb")
