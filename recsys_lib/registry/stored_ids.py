"""Ids that stay on disk: opened in no time and looked up by search, however many there are.

The UTF-8 bytes of all ids stand behind one another in one array, in the order of the rows; another
one has the offsets. Both are memory-mapped. A search is in the order of the bytes, which is that
of the code points. It begins in memory, among every 512th id, so that it reads two or three pages
of the disk. Where the rows are not in that order, a third array has the rows in it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa

from recsys_lib.errors import UnknownIdError
from recsys_lib.ids import IdMap, Ids, Missing
from recsys_lib.registry.mapped import for_all_rows, for_single_rows
from recsys_lib.registry.parts import open_array

BLOCK = 512
"""Ids between two that are kept in memory."""
FILES = ("text", "offsets", "first_text", "first_offsets")
ORDER = "order"
"""The files of :class:`StoredIds`, by its parameters."""


class StoredIds(Ids):
    """The ids of a part, with the questions of :class:`recsys_lib.ids.IdMap`.

    Parameters
    ----------
    text, offsets
        uint8, shape (bytes,), and int64, shape (ids + 1,): row i has the bytes offsets[i] to
        offsets[i + 1].
    first_text, first_offsets
        The same of every 512th id in the order of the bytes, for the memory.
    order
        Rows in that order, int64, shape (ids,); None where the rows are in it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from recsys_lib.registry.id_writing import StoredIdsWriter
    >>> with TemporaryDirectory() as folder:
    ...     with StoredIdsWriter(Path(folder), "user_ids") as writer:
    ...         writer.add(pl.Series(["ann", "bob"]))
    ...         writer.add(pl.Series(["cy"]))
    ...     users = StoredIds.open(Path(folder), "user_ids")
    >>> users.row("bob"), users.ids([2]).tolist(), "dee" in users, users.starting_with("c")
    (1, ['cy'], False, ['cy'])
    """

    def __init__(
        self,
        text: np.ndarray,
        offsets: np.ndarray,
        first_text: np.ndarray,
        first_offsets: np.ndarray,
        order: np.ndarray | None = None,
    ) -> None:
        self._text, self._offsets = for_single_rows(text), for_single_rows(offsets)
        self._order = None if order is None else for_single_rows(order)
        self._sorted = IdTexts(self._text, self._offsets, self._order)
        self._first = IdTexts(np.array(first_text), np.array(first_offsets), None)

    @classmethod
    def open(cls, folder: Path, name: str) -> Self:
        """The ids in a folder that :mod:`recsys_lib.registry.id_writing` wrote under ``name``."""
        order = file_of(folder, name, ORDER)
        arrays = {what: open_array(file_of(folder, name, what)) for what in FILES}
        return cls(**arrays, order=open_array(order) if order.is_file() else None)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) >= 0

    def __repr__(self) -> str:
        return f"StoredIds({len(self):,} ids)"

    def row(self, key: str) -> int:
        """Row number of one id; UnknownIdError, a KeyError, if there is no such id."""
        row = self._find(key)
        if row < 0:
            raise UnknownIdError(key)
        return row

    def rows(self, ids: Sequence[str], missing: Missing = "error") -> np.ndarray:
        """Row numbers of several ids, as :meth:`recsys_lib.ids.IdMap.rows`."""
        find = self.row if missing == "error" else self._find
        return np.fromiter((find(key) for key in ids), dtype=np.int64, count=len(ids))

    def rows_in(self, other: IdMap) -> np.ndarray:
        """The row in ``other`` of each id, int64, -1 where it is not there; this reads all ids."""
        return IdMap(self.series()).rows_in(other)

    def series(self) -> pl.Series:
        """All ids in their order: this reads them all."""
        for_all_rows(self._offsets, self._text)
        buffers = pa.py_buffer(self._offsets), pa.py_buffer(self._text)
        return pl.Series("id", pa.LargeStringArray.from_buffers(len(self), *buffers))

    def ids(self, rows: np.ndarray | Sequence[int] | None = None) -> np.ndarray:
        """Ids at ``rows``, by default all, as an object array of str."""
        if rows is None:
            return self.series().to_numpy().astype(object)
        found = np.empty(len(rows), dtype=object)
        found[:] = [self._id(int(row)) for row in rows]
        return found

    def starting_with(self, beginning: str, most: int | None = None) -> list[str]:
        """At most ``most`` ids that begin with a text, in the order of the bytes."""
        wanted = _encoded(beginning)
        ids: list[str] = []
        for text in self._from(wanted):
            if not text.startswith(wanted) or len(ids) == most:
                break
            ids.append(text.decode())
        return ids

    def around(self, key: str, n: int) -> list[str]:
        """The ids that stand next to a text in the order of the bytes, ``n`` on either side."""
        place = self._place(_encoded(key))
        near = range(max(0, place - n), min(place + n, len(self)))
        return [self._sorted[position].decode() for position in near]

    def spelled_like(self, key: str) -> str | None:
        """An id that differs from ``key`` only by case, or by blanks around ``key``."""
        beginnings = [b""]
        for character in key.strip():
            forms = dict.fromkeys(map(_encoded, (character, character.lower(), character.upper())))
            longer = (start + form for start in beginnings for form in forms)
            beginnings = [start for start in longer if self._any_starts_with(start)]
        same = (text for text in beginnings if next(self._from(text), None) == text)
        return next((text.decode() for text in same), None)

    def _any_starts_with(self, beginning: bytes) -> bool:
        return next(self._from(beginning), b"").startswith(beginning)

    def _from(self, text: bytes) -> Iterator[bytes]:
        """All ids from the first one that is not before a text, in the order of the bytes."""
        return (self._sorted[place] for place in range(self._place(text), len(self)))

    def _find(self, key: str) -> int:
        wanted = _encoded(key)
        place = self._place(wanted)
        if place == len(self) or self._sorted[place] != wanted:
            return -1
        return place if self._order is None else int(self._order[place])

    def _place(self, text: bytes) -> int:
        """Position in the order of the bytes of the first id that is not before a text."""
        block = max(0, bisect_right(self._first, text) - 1)
        return bisect_left(
            self._sorted, text, BLOCK * block, min(BLOCK * (block + 1), len(self._sorted))
        )

    def _id(self, row: int) -> str:
        return self._text[self._offsets[row] : self._offsets[row + 1]].tobytes().decode()


class IdTexts(Sequence[bytes]):
    """Texts in one array, by position in an order."""

    def __init__(self, text: np.ndarray, offsets: np.ndarray, order: np.ndarray | None) -> None:
        self._text, self._offsets, self._order = text, offsets, order

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, position: int) -> bytes:  # type: ignore[override]  # no slices
        row = position if self._order is None else self._order[position]
        return self._text[self._offsets[row] : self._offsets[row + 1]].tobytes()


def file_of(folder: Path, name: str, what: str) -> Path:
    """One of the files."""
    return folder / f"{name}.{what}.npy"


def _encoded(text: str) -> bytes:
    """UTF-8; half a character, which no id has, gives bytes that no id has."""
    return text.encode("utf-8", "surrogatepass")
