"""Interactions: which user rated which item when, the input of every collaborative model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.paths import INTERACTION_FILES


@dataclass(frozen=True)
class Interactions:
    """One row per (user, item), ordered by user row, then by time.

    Parameters
    ----------
    users, items: the ids behind the row numbers; each has at least one interaction.
    user, item: row numbers, int32, shape (n,).
    rating: float32, shape (n,); 1.0 everywhere when the files hold no ratings.
    timestamp: int64, shape (n,); milliseconds since 1970 UTC, or a plain order.
    """

    users: IdMap
    items: IdMap
    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    timestamp: np.ndarray

    def __len__(self) -> int:
        return len(self.user)

    def user_items(self) -> sparse.csr_matrix:
        """Ratings as float32, shape (users, items), with sorted indices, as implicit wants."""
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_matrix((self.rating, (self.user, self.item)), shape=shape)
        matrix.sort_indices()
        return matrix

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
        return Interactions(
            users=self.users,
            items=self.items,
            user=self.user[mask],
            item=self.item[mask],
            rating=self.rating[mask],
            timestamp=self.timestamp[mask],
        )

    def newer(self) -> np.ndarray:
        """How many newer interactions the same user has, int64, shape (n,); 0 for the last one.

        Of several at the same time the later row is the newer one.
        """
        counts = np.bincount(self.user, minlength=len(self.users))
        return np.cumsum(counts)[self.user] - 1 - np.arange(len(self))

    def last(self, n: int = 1) -> np.ndarray:
        """Bool, shape (n,): the last ``n`` interactions of each user, but never the only one."""
        counts = np.bincount(self.user, minlength=len(self.users))
        return np.asarray(self.newer() < np.minimum(n, counts - 1)[self.user])

    def save(self, folder: Path) -> None:
        """Write interactions, users and items as Parquet into ``folder``."""
        columns = {
            "user": self.user,
            "item": self.item,
            "rating": self.rating,
            "timestamp": self.timestamp,
        }
        tables = (
            pl.DataFrame(columns),
            self.users.series().to_frame(),
            self.items.series().to_frame(),
        )
        for name, table in zip(INTERACTION_FILES, tables, strict=True):
            # Higher levels take twice the time and save no space.
            table.write_parquet(folder / name, compression_level=1)

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
            A file is missing; the message names the step to run.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> folder, one = Path(mkdtemp()), np.zeros(1, dtype=np.int32)
        >>> ids = IdMap(["ann"]), IdMap(["tea"])
        >>> Interactions(*ids, one, one, np.ones(1, dtype=np.float32), np.ones(1)).save(folder)
        >>> Interactions.load(folder).user_items().toarray().tolist()
        [[1.0]]
        """
        missing = [name for name in INTERACTION_FILES if not (folder / name).is_file()]
        if missing:
            raise ArtifactError(
                f"{folder / missing[0]} is missing: run the etl step first "
                "(python run_pipeline.py --steps etl, or notebooks/01_etl.ipynb)"
            )
        rows, users, items = (pl.read_parquet(folder / name) for name in INTERACTION_FILES)
        return cls(
            users=IdMap(users["id"]),
            items=IdMap(items["id"]),
            user=rows["user"].to_numpy(),
            item=rows["item"].to_numpy(),
            rating=rows["rating"].to_numpy(),
            timestamp=rows["timestamp"].to_numpy(),
        )
