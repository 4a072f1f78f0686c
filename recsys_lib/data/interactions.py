"""Interactions: which user rated which item when, the input of every collaborative model."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.data.units import ORDER_BELOW
from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.paths import INTERACTION_FILES

HIGHEST_SCALE = 100.0
"""No scale of ratings goes beyond it: higher numbers are counts, as of plays, and no opinions."""

_COLUMNS = ("user", "item", "rating", "timestamp", "count", "events")
_EVENT_TYPES = "event_types"  # in the metadata of the Parquet file


@dataclass(frozen=True)
class Interactions:
    """One row per (user, item), ordered by user row, then by time.

    Items with equal times are one basket: their order says nothing.

    Parameters
    ----------
    users, items: the ids behind the row numbers; each has at least one interaction.
    user, item: row numbers, int32, shape (n,).
    rating: float32, shape (n,); 1.0 everywhere when the files hold no ratings.
    timestamp: int64, shape (n,); milliseconds since 1970 UTC, a plain order, or 0 everywhere when
        the files hold no times.
    count: int32, shape (n,): how often the user took the item; 1 everywhere by default.
    events: uint32, shape (n,): bit i is set when an event of type ``event_types[i]`` occurred; 0
        everywhere by default.
    event_types: at most 32 names, sorted; () when the files hold no events.
    """

    users: IdMap
    items: IdMap
    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray
    count: np.ndarray = None  # type: ignore[assignment]  # as many ones as there are rows
    events: np.ndarray = None  # type: ignore[assignment]  # as many zeros as there are rows
    event_types: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.count is None:
            object.__setattr__(self, "count", np.ones(len(self), dtype=np.int32))
        if self.events is None:
            object.__setattr__(self, "events", np.zeros(len(self), dtype=np.uint32))

    def __len__(self) -> int:
        return len(self.user)

    def user_items(self) -> sparse.csr_matrix:
        """Ratings as float32, shape (users, items), with sorted indices, as implicit wants."""
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_matrix((self.rating, (self.user, self.item)), shape=shape)
        matrix.sort_indices()
        return matrix

    def mean_ratings(self) -> np.ndarray | None:
        """Mean rating of each item, float32, shape (items,); None where ratings say nothing.

        So it is where all are alike, and where they are counts.
        """
        if (
            not len(self)
            or self.rating.max() > HIGHEST_SCALE
            or (self.rating == self.rating[0]).all()
        ):
            return None
        n = len(self.items)
        counts = np.bincount(self.item, minlength=n)
        sums = np.bincount(self.item, self.rating, minlength=n)
        return (sums / np.maximum(counts, 1)).astype(np.float32)

    def select(self, mask: np.ndarray) -> Interactions:
        """Keep some of the rows.

        Parameters
        ----------
        mask
            bool, shape (n,): the rows to keep.

        Returns
        -------
        Interactions
            These rows, with the same id maps, so row numbers keep their meaning.

        Examples
        --------
        >>> users, items = IdMap(["ann", "bob"]), IdMap(["mug", "tea"])
        >>> rows = Interactions(
        ...     users,
        ...     items,
        ...     user=np.array([0, 0, 1], dtype=np.int32),
        ...     item=np.array([0, 1, 1], dtype=np.int32),
        ...     rating=np.array([5, 4, 5], dtype=np.float32),
        ...     timestamp=np.array([1, 2, 3]),
        ... )
        >>> rows.select(rows.rating == 5).item.tolist()
        [0, 1]
        """
        return replace(self, **{name: getattr(self, name)[mask] for name in _COLUMNS})

    def joined(self, other: Interactions) -> Interactions:
        """The rows of both, which have the same ids, in the order of user, then time."""

        def both(name: str) -> Any:
            return np.concatenate([getattr(self, name), getattr(other, name)])

        order = np.lexsort((both("timestamp"), both("user")))
        return replace(self, **{name: both(name)[order] for name in _COLUMNS})

    @property
    def has_times(self) -> bool:
        """Whether timestamps are times, comparable between users, and not a mere order."""
        return bool(len(self)) and float(np.median(self.timestamp)) >= ORDER_BELOW

    def newer(self) -> np.ndarray:
        """How many strictly newer interactions the same user has, int64, shape (n,).

        0 for all that share the last moment: order inside a moment carries no information.
        """
        counts = np.bincount(self.user, minlength=len(self.users))
        moment = self.moment()
        last_row = np.append(np.flatnonzero(np.diff(moment)), len(self) - 1)
        return np.cumsum(counts)[self.user] - 1 - last_row[moment]

    def by_item(self) -> np.ndarray:
        """Positions of the rows in the order of users, then items, int64, shape (n,)."""
        # The rows are in the order of users already, so sorting one number takes little.
        return np.argsort(self.user.astype(np.int64) * len(self.items) + self.item, kind="stable")

    def moment(self) -> np.ndarray:
        """Number of the moment of each row, int64, shape (n,): equal for one user and time."""
        changes = (self.user[1:] != self.user[:-1]) | (self.timestamp[1:] != self.timestamp[:-1])
        return np.concatenate([[0], np.cumsum(changes)])[: len(self)]

    def last(self, n: int = 1) -> np.ndarray:
        """Bool, shape (n,): the last ``n`` rows of each user, but never the only one.

        Which rows of one moment are the last is decided by the order of the rows, a seeded shuffle.
        """
        counts = np.bincount(self.user, minlength=len(self.users))
        later_rows = np.cumsum(counts)[self.user] - 1 - np.arange(len(self))
        return np.asarray(later_rows < np.minimum(n, counts - 1)[self.user])

    def last_baskets(self, n: int = 1) -> np.ndarray:
        """Bool, shape (n,): all rows of the last ``n`` moments of each user, but never all rows."""
        moment = self.moment()
        first = np.flatnonzero(np.diff(moment, prepend=-1))
        baskets = np.bincount(self.user[first], minlength=len(self.users))
        later = np.cumsum(baskets)[self.user] - 1 - moment
        return np.asarray(later < np.minimum(n, baskets - 1)[self.user])

    def save(self, folder: Path) -> None:
        """Write interactions, users and items as Parquet into ``folder``."""
        tables = (
            pl.DataFrame({name: getattr(self, name) for name in _COLUMNS}),
            self.users.series().to_frame(),
            self.items.series().to_frame(),
        )
        facts = ({_EVENT_TYPES: json.dumps(self.event_types)}, None, None)
        for name, table, metadata in zip(INTERACTION_FILES, tables, facts, strict=True):
            # Higher levels take twice the time and save no space.
            table.write_parquet(folder / name, compression_level=1, metadata=metadata)

    @classmethod
    def load(cls, folder: Path) -> Interactions:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder
            The processed folder of a dataset: ``dataset.processed``.

        Returns
        -------
        Interactions
            The interactions that the models see.

        Raises
        ------
        ArtifactError
            A file is missing or of an earlier version; the message names the step to run.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> folder, one = Path(mkdtemp()), np.zeros(1, dtype=np.int32)
        >>> ids = IdMap(["ann"]), IdMap(["tea"])
        >>> Interactions(*ids, one, one, np.ones(1, dtype=np.float32), np.ones(1)).save(folder)
        >>> Interactions.load(folder).user_items().toarray().tolist()
        [[1.0]]
        """
        paths = [folder / name for name in INTERACTION_FILES]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise ArtifactError(
                f"{missing[0]} is missing: run the etl step first "
                "(python run_pipeline.py --steps etl, or notebooks/01_etl.ipynb)"
            )
        rows, users, items = (pl.read_parquet(path, glob=False) for path in paths)
        metadata = pl.read_parquet_metadata(paths[0])
        if not {*_COLUMNS} <= {*rows.columns} or _EVENT_TYPES not in metadata:
            raise ArtifactError(
                f"{paths[0]} was written by an earlier version: run the etl step again "
                "(python run_pipeline.py --steps etl, or notebooks/01_etl.ipynb)"
            )
        return cls(
            users=IdMap(users["id"]),
            items=IdMap(items["id"]),
            **{name: rows[name].to_numpy() for name in _COLUMNS},
            event_types=tuple(json.loads(metadata[_EVENT_TYPES])),
        )
