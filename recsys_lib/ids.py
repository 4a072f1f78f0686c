"""The map between ids, which are texts, and the row numbers of our arrays."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import polars as pl

from recsys_lib.errors import UnknownIdError

if TYPE_CHECKING:
    import pandas as pd

Missing = Literal["error", "negative"]
"""What an unknown id means: an error, or the row number -1."""

_BUILDING_TABLES = threading.Lock()


class Ids(Protocol):
    """An ordered set of ids, in memory or on disk: row i of an array belongs to the i-th id."""

    def __len__(self) -> int: ...

    def __contains__(self, key: object) -> bool: ...

    def row(self, key: str) -> int:
        """Row number of one id; UnknownIdError, a KeyError, if there is no such id."""

    def rows(self, ids: Sequence[str], missing: Missing = "error") -> np.ndarray:
        """Row numbers of several ids, int64; see :meth:`IdMap.rows`."""

    def ids(self, rows: np.ndarray | Sequence[int] | None = None) -> np.ndarray:
        """Ids at ``rows``, by default all, as an object array of str."""

    def series(self) -> pl.Series:
        """All ids in their order."""

    def spelled_like(self, key: str) -> str | None:
        """An id that differs from ``key`` only by case or by blanks around it; None without one."""


class IdMap:
    """An immutable, ordered set of ids: row i of an array belongs to the i-th id.

    Parameters
    ----------
    ids
        Unique texts, in the order of the rows.

    Raises
    ------
    ValueError
        If an id occurs twice.

    Examples
    --------
    >>> items = IdMap(["kettle", "toaster", "filter"])
    >>> items.row("toaster")
    1
    >>> items.rows(["filter", "sofa"], missing="negative").tolist()
    [2, -1]
    >>> items.ids([2, 0]).tolist()
    ['filter', 'kettle']
    >>> items.row("sofa")
    Traceback (most recent call last):
    recsys_lib.errors.UnknownIdError: unknown id 'sofa'
    """

    __slots__ = ("_index", "_series")  # one of the two: a table to look up in once it is needed

    def __init__(self, ids: Iterable[str] | pl.Series) -> None:
        series = ids if isinstance(ids, pl.Series) else pl.Series("id", list(ids), dtype=pl.String)
        if not _are_unique(series):
            twice = series.filter(series.is_duplicated())[0]
            raise ValueError(f"ids must be unique, {twice!r} occurs more than once")
        self._series: pl.Series | None = series.cast(pl.String).alias("id")
        self._index: pd.Index | None = None

    def __len__(self) -> int:
        index = self._index
        return len(self.series() if index is None else index)

    def __contains__(self, key: object) -> bool:
        return key in self._lookup

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and self.series().equals(other.series())

    __hash__ = None  # type: ignore[assignment]  # compared by content, so not hashable

    def __repr__(self) -> str:
        return f"IdMap({len(self):,} ids)"

    def row(self, key: str) -> int:
        """Row number of one id; UnknownIdError, a KeyError, if there is no such id."""
        try:
            return int(self._lookup.get_loc(key))
        except KeyError as error:
            raise UnknownIdError(key) from error

    def rows(self, ids: Sequence[str], missing: Missing = "error") -> np.ndarray:
        """Row numbers of several ids.

        Parameters
        ----------
        ids
            In any order; an id may occur several times.
        missing
            What to do with an unknown id: ``"error"`` raises, ``"negative"`` gives it -1.

        Returns
        -------
        numpy.ndarray
            int64, one row number for each of ``ids``.

        Raises
        ------
        UnknownIdError
            For the first unknown id, unless ``missing="negative"``.
        """
        lookup = self._lookup
        rows = lookup.get_indexer(type(lookup)(ids, dtype="str"))
        if missing == "error" and (rows < 0).any():
            raise UnknownIdError(ids[int(np.argmax(rows < 0))])
        return rows

    def rows_in(self, other: Ids) -> np.ndarray:
        """The row in ``other`` of each id, int64, -1 where it is not there.

        Examples
        --------
        >>> IdMap(["filter", "sofa"]).rows_in(IdMap(["kettle", "sofa"])).tolist()
        [-1, 1]
        >>> IdMap(["sofa", "filter"]).rows_in(IdMap(["kettle", "sofa"])).tolist()
        [1, -1]
        """
        mine, theirs = self.series(), other.series()
        if len(theirs) and mine.is_sorted() and theirs.is_sorted():  # twice as fast
            rows = theirs.search_sorted(mine).to_numpy().astype(np.int64)
            found = theirs.gather(np.minimum(rows, len(theirs) - 1)) == mine
            return np.where(found.to_numpy(), rows, -1)
        numbered = theirs.to_frame().with_row_index("row")
        joined = mine.to_frame().join(numbered, on="id", how="left", maintain_order="left")
        return joined["row"].cast(pl.Int64).fill_null(-1).to_numpy()

    def series(self) -> pl.Series:
        """All ids in their order."""
        series = self._series
        if series is None:  # so there is the index
            series = pl.Series("id", self._lookup.array.__arrow_array__(), dtype=pl.String)
        return series

    def ids(self, rows: np.ndarray | Sequence[int] | None = None) -> np.ndarray:
        """Ids at ``rows``, by default all, as an object array of str."""
        at = slice(None) if rows is None else np.asarray(rows, dtype=np.int64)
        index = self._index
        return self.series()[at].to_numpy() if index is None else index[at].to_numpy(dtype=object)

    def spelled_like(self, key: str) -> str | None:
        """An id that differs from ``key`` only by case or by blanks around it; None without one."""
        ids = self.series()
        same = ids.filter(ids.str.strip_chars().str.to_lowercase() == key.strip().lower())
        return same[0] if len(same) else None

    @property
    def _lookup(self) -> pd.Index:
        """The index with its hash table, which the first lookup builds, in one thread only."""
        with _BUILDING_TABLES:
            if self._index is None:
                self._index, self._series = _table(self.series()), None
            return self._index


def _table(series: pl.Series) -> pd.Index:
    """With Arrow strings: a million ids need no Python object each."""
    import pandas as pd  # noqa: PLC0415  # takes 0.2 s, and some processes look no id up
    import pyarrow as pa  # noqa: PLC0415

    index = pd.Index(pd.array(series.to_arrow().cast(pa.large_string()), dtype="str"), dtype="str")
    _ = index.is_unique  # fills the hash table
    return index


def _are_unique(ids: pl.Series) -> bool:
    """Whether no id occurs twice; of sorted ids only neighbours can be equal."""
    if ids.is_sorted():  # which takes a tenth of the time
        return not (ids == ids.shift()).any()
    return ids.n_unique() == len(ids)
