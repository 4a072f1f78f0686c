"""The map between the ids of the outside world and the row numbers of our arrays."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

Missing = Literal["error", "negative"]

_MAKING_TABLES = threading.Lock()


class IdMap:
    """A frozen, ordered set of string ids; row i of an array belongs to ``ids[i]``.

    What happens to an id that is not there is an argument of the question, never an accident.
    """

    __slots__ = ("_index",)

    def __init__(self, ids: Iterable[str] | pl.Series) -> None:
        series = ids if isinstance(ids, pl.Series) else pl.Series("id", list(ids), dtype=pl.String)
        if series.n_unique() < len(series):
            twice = series.filter(series.is_duplicated())[0]
            raise ValueError(f"ids must be unique, {twice!r} occurs more than once")
        # A million ids without a Python object for each.
        array = pd.array(series.to_arrow().cast(pa.large_string()), dtype="str")
        self._index = pd.Index(array, dtype="str")

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, key: object) -> bool:
        return key in self._lookup

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and self._index.equals(other._index)

    __hash__ = None  # type: ignore[assignment]  # compared by content, so not hashable

    def __repr__(self) -> str:
        return f"IdMap({len(self):,} ids)"

    def rows(self, ids: Sequence[str], missing: Missing = "error") -> np.ndarray:
        """Row numbers of ``ids``, int64; an absent id is a KeyError, or -1 with "negative"."""
        rows = self._lookup.get_indexer(pd.Index(ids, dtype="str"))
        if missing == "error" and (rows < 0).any():
            raise KeyError(ids[int(np.argmax(rows < 0))])
        return rows

    def row(self, key: str) -> int:
        """Row number of one id; KeyError when it is absent."""
        return int(self._lookup.get_loc(key))

    @property
    def _lookup(self) -> pd.Index:
        """The index with its table of ids, which the first question makes, in one thread."""
        with _MAKING_TABLES:
            _ = self._index.is_unique
        return self._index

    def series(self) -> pl.Series:
        """All ids in their order."""
        return pl.Series("id", self._index.array.__arrow_array__(), dtype=pl.String)

    def ids(self, rows: np.ndarray | Sequence[int] | None = None) -> np.ndarray:
        """Ids at ``rows`` (all of them without an argument), as an object array of str."""
        index = self._index if rows is None else self._index[np.asarray(rows, dtype=np.int64)]
        return index.to_numpy(dtype=object)
