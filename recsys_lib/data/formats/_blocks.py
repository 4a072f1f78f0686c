"""Open plain and compressed files, and read them in blocks of whole lines."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from recsys_lib.data.formats._encoding import (
    WESTERN,
    as_utf8,
    given_encoding,
    recoded_lines,
    stream_encoding,
)
from recsys_lib.data.formats._line_ends import count_line_ends, with_feeds
from recsys_lib.data.formats.records import Start
from recsys_lib.errors import InputDataError

COMPRESSED = (".gz", ".zst", ".bz2", ".xz", ".zip")
BOM = b"\xef\xbb\xbf"
BLOCK_BYTES = 16 << 20
SAMPLE_BYTES = 1 << 20
HEAD_BYTES = 64 << 10
_KINDS = {".gz": "gzip", ".zst": "Zstandard", ".bz2": "bzip2", ".xz": "xz", ".zip": "zip"}
_OPEN: dict[str, Callable[[Path], object]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_LISTED = 5
_LONGEST_CHARACTER = 4  # bytes
UNKNOWN = "?"
_PEEKED_BYTES = 8 << 10


def plain_name(path: Path) -> str:
    """The file's name without the suffix of a compression; that of the file in a zip archive."""
    if path.suffix == ".zip" and path.is_file():
        return Path(_only_member(path)).name
    return path.stem if path.suffix in COMPRESSED else path.name


@contextmanager
def open_binary(path: Path, encoding: str | None = None) -> Iterator[BinaryIO]:
    """Yield uncompressed UTF-8 with line feeds; InputDataError for a broken file.

    The file shows its encoding, unless it is given.
    """
    try:
        with _opened(path) as file:
            head = file.peek(_PEEKED_BYTES)
            stream = given_encoding(encoding, head) if encoding else stream_encoding(head)
            yield as_utf8(file, stream, head) if stream else file
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError) as error:
        raise _unreadable(path, error) from error
    except UnicodeError as error:
        raise InputDataError(
            f"not readable as {encoding} ({error}): correct etl.encoding", file=path
        ) from error
    except FileNotFoundError as error:
        raise InputDataError("there is no such file: check its name", file=path) from error
    except IsADirectoryError as error:
        raise InputDataError("is a folder, not a file: name a file inside", file=path) from error
    except OSError as error:
        if error.strerror is None:  # what decompresses says so of its data
            raise _unreadable(path, error) from error
        raise InputDataError(
            f"cannot be read ({error.strerror}): check its permissions", file=path
        ) from error


def _unreadable(path: Path, error: Exception) -> InputDataError:
    kind = _KINDS.get(path.suffix, path.suffix)
    return InputDataError(
        f"not readable as {kind} ({error}): download it again, or correct its suffix", file=path
    )


def has_places(path: Path, encoding: str | None = None) -> bool:
    """Whether the bytes of a file are those of its lines, so that reading can begin anywhere."""
    if path.suffix in COMPRESSED:
        return False
    with _opened(path) as file:
        head = file.peek(_PEEKED_BYTES)
    return not (given_encoding(encoding, head) if encoding else stream_encoding(head))


def detected_encoding(path: Path) -> str:
    """The encoding that the first 64 KB of a text file show; "?" where they show none."""
    with _opened(path) as file:
        head = file.read(HEAD_BYTES)
    if stream := stream_encoding(head):
        return stream
    lines = head.rpartition(b"\n")[0] or head
    if recoded_lines(lines) is not lines:
        return WESTERN
    try:
        lines.decode()
    except UnicodeDecodeError as error:
        # A character that the end of a single long line cuts is no damage.
        return "utf-8" if len(lines) - error.start < _LONGEST_CHARACTER else UNKNOWN
    return "utf-8"


def _opened(path: Path) -> BufferedReader:
    if path.suffix == ".zst":
        return BufferedReader(pa.input_stream(path, compression="zstd"))
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return cast(BufferedReader, archive.open(_only_member(path)))
    opener = _OPEN.get(path.suffix)
    return cast(BufferedReader, opener(path)) if opener else path.open("rb")


def _only_member(path: Path) -> str:
    """The name of the one file in an archive; InputDataError where there are several, or none."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError) as error:
        raise InputDataError(
            f"not readable as zip ({error}): download it again", file=path
        ) from error
    members = [name for name in names if not name.startswith("__MACOSX/")]
    if len(members) != 1:
        held = ", ".join(members[:_LISTED]) or "nothing"
        raise InputDataError(
            f"the archive holds {len(members)} files ({held}): unpack it, and give the folder",
            file=path,
        )
    return members[0]


def read_head(path: Path, encoding: str | None = None) -> bytes:
    """The start of a file, from its first line with text to at least the end of that line.

    Reads 64 KB (uncompressed), and more only when that line is longer.
    """
    with open_binary(path, encoding) as file:
        head = file.read(HEAD_BYTES).removeprefix(BOM).lstrip()
        while b"\n" not in head and (more := file.read(max(HEAD_BYTES, len(head)))):
            head = (head + more).lstrip()
    return head if encoding else recoded_lines(head)


def read_blocks(
    path: Path,
    start: Start,
    encoding: str | None,
    is_record: Callable[[bytes], bool],
    is_whole: Callable[[bytes], bool] = lambda block: True,
) -> Iterator[tuple[int, int, bytes]]:
    """Blocks of whole lines: number of the first line, number of lines, bytes.

    A block grows until ``is_whole`` says that it does not end within a record. ``is_record`` says
    whether a line is one, which tells a carriage return that ends a line.
    """
    line, lines = start.line, _line_blocks(path, start, encoding)
    for first in lines:
        block = first.removeprefix(BOM) if line == 1 else first
        while not is_whole(block) and (more := next(lines, b"")):
            block += more
        block = with_feeds(block, is_record)
        n_lines = count_line_ends(block) + (not block.endswith(b"\n"))
        yield line, n_lines, block if encoding else recoded_lines(block)
        line += n_lines


def _line_blocks(path: Path, start: Start, encoding: str | None) -> Iterator[bytes]:
    """Blocks of whole lines as they stand in the file."""
    if start.pieces is not None:
        yield from start.pieces
        return
    size = min(SAMPLE_BYTES, BLOCK_BYTES) if start.is_sample else BLOCK_BYTES
    with open_binary(path, encoding) as file:
        if start.byte:
            file.seek(start.byte)
        while block := _whole_lines(file, size):
            yield block


def _whole_lines(file: BinaryIO, size: int) -> bytes:
    """The next bytes up to the end of a line, ``size`` or more."""
    if not isinstance(getattr(file, "raw", None), FileIO):
        return file.read(size) + file.readline()
    # In a plain file, find the end first: joining two reads would copy the block once more.
    start = file.tell()
    file.seek(start + size)
    file.readline()
    stop = file.tell()
    file.seek(start)
    return file.read(stop - start)
