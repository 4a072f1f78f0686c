"""Who touched what and when: the table that every collaborative model starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap

_FILES = ("interactions.parquet", "users.parquet", "items.parquet")


@dataclass(frozen=True)
class Interactions:
    """One row per (user, item), in the order of user row, then time.

    Parameters
    ----------
    users, items: the ids behind the row numbers; every one has at least one interaction.
    user, item: row numbers, int32, shape (n,).
    rating: float32, shape (n,); 1.0 everywhere when the source has no ratings.
    timestamp: int64, shape (n,); milliseconds since 1970 UTC, or any order in time.
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
        """Ratings as a float32 matrix of shape (users, items), the form implicit wants."""
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_matrix((self.rating, (self.user, self.item)), shape=shape)
        matrix.sort_indices()
        return matrix

    def select(self, mask: np.ndarray) -> Interactions:
        """The rows where ``mask`` (bool, shape (n,)) holds; the id maps stay as they are."""
        return Interactions(
            users=self.users,
            items=self.items,
            user=self.user[mask],
            item=self.item[mask],
            rating=self.rating[mask],
            timestamp=self.timestamp[mask],
        )

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
        for name, table in zip(_FILES, tables, strict=True):
            # Higher levels take twice the time and save nothing.
            table.write_parquet(folder / name, compression_level=1)

    @classmethod
    def load(cls, folder: Path) -> Interactions:
        """Read what :meth:`save` wrote; ArtifactError names the step to run when it is absent."""
        missing = [name for name in _FILES if not (folder / name).is_file()]
        if missing:
            raise ArtifactError(
                f"{folder / missing[0]} is not there: run the etl step first "
                "(python run_pipeline.py --steps etl, or notebooks/01_etl.ipynb)"
            )
        rows, users, items = (pl.read_parquet(folder / name) for name in _FILES)
        return cls(
            users=IdMap(users["id"]),
            items=IdMap(items["id"]),
            user=rows["user"].to_numpy(),
            item=rows["item"].to_numpy(),
            rating=rows["rating"].to_numpy(),
            timestamp=rows["timestamp"].to_numpy(),
        )
