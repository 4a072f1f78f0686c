"""Pieces of a file that hold whole records, small enough for memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from recsys_lib.data.formats.open_files import open_binary
from recsys_lib.data.rejected import Rejected

LINE = "__line__"
"""Column of the line number of a record, from 1; of the row number in a Parquet file."""

BLOCK_BYTES = 16 << 20
_PIECE = 256 << 10  # bytes that are looked at while they are in the cache
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Start:
    """Where to begin in a file: the byte, and the number of the line that begins there."""

    byte: int = 0
    line: int = 1


@dataclass(frozen=True)
class Records:
    """Some records of one file with their ``LINE``, and what is no record."""

    frame: pl.DataFrame
    rejected: list[Rejected]

    @property
    def n_lines(self) -> int:
        """Records that were there, good or bad."""
        return len(self.frame) + len(self.rejected)


Schema = Mapping[str, pl.DataType]
"""The fields to read; each comes in the type that is hoped for when all its values in a block are
of that type, and as text otherwise."""

Work = Callable[[], Records]
"""Makes the records of one block; blocks can be worked on side by side."""


def read_blocks(
    path: Path, start: Start, is_whole: Callable[[bytes], bool] = lambda block: True
) -> Iterator[tuple[int, int, bytes]]:
    """Blocks of whole lines: the number of the first line, how many there are, and the bytes.

    Lines are added until ``is_whole`` says that a block does not end inside of a record.
    """
    line = start.line
    with open_binary(path) as file:
        if start.byte:
            file.seek(start.byte)
        while block := _whole_lines(file):
            if line == 1:
                block = block.removeprefix(_BOM)
            while not is_whole(block) and (more := _whole_lines(file)):
                block += more
            n_lines = count_line_ends(block) + (not block.endswith(b"\n"))
            yield line, n_lines, block
            line += n_lines


def _whole_lines(file: BinaryIO) -> bytes:
    """The next bytes up to the end of a line; of a plain file they are not copied once more."""
    if not isinstance(getattr(file, "raw", None), FileIO):
        return file.read(BLOCK_BYTES) + file.readline()
    start = file.tell()
    file.seek(start + BLOCK_BYTES)
    file.readline()
    stop = file.tell()
    file.seek(start)
    return file.read(stop - start)


def count_line_ends(block: bytes) -> int:
    """The same as ``block.count(b"\\n")``, in a third of the time."""
    values = np.frombuffer(block, dtype=np.uint8)
    pieces = (values[at : at + _PIECE] for at in range(0, len(values), _PIECE))
    return sum(int(np.count_nonzero(piece == ord("\n"))) for piece in pieces)
