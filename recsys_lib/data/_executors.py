"""What an executor does: it cleans the lines or the files that Spark gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa

from recsys_lib.data._intake import Rules, schema_of
from recsys_lib.data._parts import P, PartTable
from recsys_lib.data._remote import telling_urls
from recsys_lib.data.formats import can_be_continued, form_of, read_records
from recsys_lib.data.formats.records import Start
from recsys_lib.data.inputs import InputFiles
from recsys_lib.data.layouts import Fields

FILE, PLACE, LINES, UNFINISHED = "file", "place", "lines", "unfinished"
WHOLE = -1
"""Place of a block whose line numbers are those of the file."""
_PIECE_LINES = 50_000


@dataclass(frozen=True)
class Source:
    """Files of one table, and how their records are read."""

    paths: Sequence[Path]
    fields: Fields
    files: InputFiles
    apart: bool

    def splittable(self, numbers: Iterable[int]) -> list[int]:
        """The files whose lines can be read from anywhere."""
        return [n for n in numbers if can_be_continued(self.paths[n], self.files.form)]

    def quote(self, number: int) -> bytes:
        """The character that may hold line ends, of one file; b"" for none."""
        return (form_of(self.paths[number], self.files.form).quote or "").encode()

    def place(self, number: int) -> str:
        """Where Spark finds a file."""
        path = self.paths[number]
        return self.files.place(path) if self.is_remote else str(path.resolve())

    @property
    def is_remote(self) -> bool:
        """Whether only Spark can read the files."""
        return bool(self.files.origins)

    def size(self, number: int) -> int:
        """Bytes of a file that only Spark can read."""
        return self.files.origins[self.paths[number]].size

    def number(self, url: str) -> int:
        """The number of a file that Spark names."""
        return self._numbers[unquote(urlsplit(url).path)]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        origins = self.files.origins
        return {
            origins[path].path if path in origins else str(path.resolve()): n
            for n, path in enumerate(self.paths)
        }


@dataclass(frozen=True)
class Cleaning(Generic[P]):
    """Cleans the records of a source; its methods take batches of Arrow and give others."""

    source: Source
    rules: Rules[P]
    table: PartTable[P]

    def files(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Whole files, given their numbers."""
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from self._cleaned(number, self.source.paths[number], WHOLE, Start())

    def contents(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Whole files, given their names and their bytes."""
        for batch in batches:
            for url, content in zip(*(batch.column(n) for n in range(2)), strict=True):
                number = self.source.number(url.as_py())
                with TemporaryDirectory(prefix="recsys-") as folder:
                    # Names of folders above a file, such as dt=2024-01-01, are fields.
                    *_, path = self.source.paths[number].parts
                    copy = Path(folder, *self._partitions(number), path)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(content.as_buffer())
                    yield from self._cleaned(number, copy, WHOLE, Start())

    def lines(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The lines of some splits of files, in their order.

        A split that ends within quotes says so: its file is read again as a whole.
        """
        for (url, place), group in groupby(_pieces(batches), key=lambda one: one[0]):
            number = self.source.number(url)
            counted = _Counted((piece for _, piece in group), self.source.quote(number))
            # Only the first line of a file may be a header.
            start = Start(line=1 if place == 0 else 2, pieces=counted)
            yield from self._cleaned(number, self.source.paths[number], place, start)
            facts = {PLACE: place, LINES: counted.lines, UNFINISHED: counted.n_quotes % 2 == 1}
            yield _of_file(self.table.facts_row(facts), number)

    def _cleaned(
        self, number: int, path: Path, place: int, start: Start
    ) -> Iterator[pa.RecordBatch]:
        """The cleaned blocks of a file or a split, as rows."""
        source = self.source
        schema, shift = schema_of(source.fields), 1 - start.line
        name = source.files.place(source.paths[number])
        with telling_urls({path: name}):
            for work in read_records(path, schema, start, source.files.form, apart=source.apart):
                part = self.rules.apply(work(), number)
                moved = [replace(bad, line=bad.line + shift, file=name) for bad in part.rejected]
                for batch in self.table.to_batches(replace(part, rejected=moved), **{PLACE: place}):
                    yield _of_file(batch, number)

    def _partitions(self, number: int) -> Iterator[str]:
        """Names of the folders above a file."""
        return (name for name in self.source.paths[number].parent.parts if "=" in name)


@dataclass
class _Counted:
    """Pieces of whole lines, which counts lines and quotes while they are used."""

    pieces: Iterable[bytes]
    quote: bytes
    lines: int = 0
    n_quotes: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.lines += piece.count(b"\n")
            self.n_quotes += piece.count(self.quote) if self.quote else 0
            yield piece


def _pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[tuple[str, int], bytes]]:
    """File and place of a split, and some of its lines with their ends."""
    for batch in batches:
        lines, paths, places = (batch.column(n) for n in range(3))
        place = places.to_numpy()
        changed = np.diff(place) != 0
        changed |= paths[1:].to_numpy(zero_copy_only=False) != paths[:-1].to_numpy(
            zero_copy_only=False
        )
        bounds = [0, *(np.flatnonzero(changed) + 1).tolist(), len(batch)]
        for low, high in pairwise(bounds):
            for first in range(low, high, _PIECE_LINES):
                some = lines.slice(first, min(_PIECE_LINES, high - first)).to_pylist()
                yield (paths[low].as_py(), int(place[low])), b"\n".join(some) + b"\n"


def _of_file(batch: pa.RecordBatch, number: int) -> pa.RecordBatch:
    """The batch with the number of the file in a last column."""
    return batch.append_column(FILE, pa.array(np.full(len(batch), number, dtype=np.int32)))
