"""Open a plain or compressed file, with errors that name it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from recsys_lib.errors import InputDataError


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Yield the uncompressed bytes; a broken file is an InputDataError, also while reading."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield cast(BinaryIO, file)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputDataError(f"not readable as gzip ({error}): get it again", file=path) from error
    except OSError as error:
        raise InputDataError(f"cannot be read ({error.strerror})", file=path) from error
