"""Writing ids for :class:`recsys_lib.registry.stored_ids.StoredIds`, in blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from recsys_lib.registry import stored_ids
from recsys_lib.registry.growing import BlockWriter, GrowingArray
from recsys_lib.registry.parts import open_array
from recsys_lib.registry.stored_ids import FILES, ORDER, IdTexts, StoredIds, file_of

_NO_TEXTS = (np.empty(0, dtype=np.uint8), np.zeros(1, dtype=np.int64))


class StoredIdsWriter(BlockWriter):
    """Writes the files of :class:`StoredIds`, in blocks of ids; a context manager.

    Ids may come in any order, but only those in the order of their bytes take no memory.

    Parameters
    ----------
    folder
        Of the part.
    name
        How the names of the files begin.
    """

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__()
        self._folder, self._name = folder, name
        self._text = self._files.enter_context(GrowingArray(self._path("text"), np.uint8))
        self._offsets = self._files.enter_context(GrowingArray(self._path("offsets"), np.int64))
        self._offsets.append(np.zeros(1))
        self._last: str | None = None
        self._in_order = True

    def add(self, ids: pl.Series) -> None:
        """Append ids, which are not null."""
        if not len(ids):
            return
        array = ids.to_arrow().cast(pa.large_string())
        offsets = np.frombuffer(array.buffers()[1], dtype=np.int64)
        offsets = offsets[array.offset : array.offset + len(array) + 1]
        text = np.frombuffer(array.buffers()[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
        self._in_order = self._in_order and _ascend(ids, self._last)
        self._last = ids[-1]
        self._offsets.append(len(self._text) + offsets[1:] - offsets[0])
        self._text.append(text)

    def _finish(self) -> None:
        """The rows in the order of the bytes, if need be, and every 512th id in it."""
        text, offsets = (open_array(self._path(name)) for name in FILES[:2])
        order = None
        if not self._in_order:
            series = StoredIds(text, offsets, *_NO_TEXTS).series()
            order = series.arg_sort().cast(pl.Int64).to_numpy()
            _check_unique(series.gather(order))
            np.save(self._path(ORDER), order)
        in_order = IdTexts(np.asarray(text), np.asarray(offsets), order)
        first = [in_order[place] for place in range(0, len(in_order), stored_ids.BLOCK)]
        np.save(self._path("first_text"), np.frombuffer(b"".join(first), dtype=np.uint8))
        np.save(self._path("first_offsets"), np.cumsum([0, *map(len, first)], dtype=np.int64))

    def _path(self, what: str) -> Path:
        return file_of(self._folder, self._name, what)


def _ascend(ids: pl.Series, before: str | None) -> bool:
    """Whether each id comes after the one before it."""
    if before is not None and not before.encode() < ids[0].encode():
        return False
    return bool((ids.slice(1) > ids.slice(0, len(ids) - 1)).all())


def _check_unique(ids: pl.Series) -> None:
    """ValueError where two of sorted ids are equal."""
    twice = ids.slice(1).filter(ids.slice(1) == ids.slice(0, len(ids) - 1))
    if len(twice):
        raise ValueError(f"ids must be unique, {twice[0]!r} occurs more than once")
