"""What an ALS part knows of its users: written in blocks of users, and read user by user.

The parts of a version have one row for each user, of which there may be tens of millions. So all
these arrays are memory-mapped, and serving reads the rows of the user who asks. What it needs of
all users at once, such as how many took an item, is counted when the part is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als.confidences import confidence, newer_items
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import best_first
from recsys_lib.registry.growing import BlockWriter, GrowingArray
from recsys_lib.registry.id_writing import StoredIdsWriter
from recsys_lib.registry.mapped import for_all_rows, for_single_rows
from recsys_lib.registry.parts import Part
from recsys_lib.registry.stored_ids import StoredIds

_IDS = "user_ids"
_ARRAYS: dict[str, type[np.generic]] = {
    "indptr": np.int64,
    "items": np.int32,
    "confidences": np.float32,
    "newer": np.int32,
}
_COUNTS = "item_counts.parquet"
_AT_ONCE = 1 << 20  # users whose numbers of items are looked at


def is_of_users(file: str) -> bool:
    """Whether a file of an ALS part says what users did: no list of another user depends on it."""
    return file.startswith((f"{_IDS}.", "histories.")) or file == _COUNTS


def has_user_ids(part: Path) -> bool:
    """Whether an ALS part holds its users as this version of the project reads them."""
    return (part / f"{_IDS}.text.npy").is_file()


def user_ids(part: Path) -> StoredIds:
    """The users of an ALS part; ArtifactError where an earlier version of the project wrote it."""
    if not has_user_ids(part):
        raise ArtifactError(
            f"{part} was written by an earlier version: train again (recsys run), or remove it"
        )
    return StoredIds.open(part, _IDS)


@dataclass(frozen=True)
class UserHistories:
    """The items of each user, in the order of the item rows; arrays are memory-mapped.

    Parameters
    ----------
    indptr: int64, shape (users + 1,): user u has the entries indptr[u] to indptr[u + 1].
    items: int32, shape (entries,): rows of items.
    confidences: float32, shape (entries,): 0 where an item was seen but not liked.
    newer: int32, shape (entries,): number of newer items in the user's history.
    """

    indptr: np.ndarray
    items: np.ndarray
    confidences: np.ndarray
    newer: np.ndarray

    @classmethod
    def open(cls, part: Part) -> Self:
        """Those of an ALS part."""
        return cls(**{name: for_single_rows(part.array(_file(name))) for name in _ARRAYS})

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def entries(self, row: int) -> slice:
        """Which entries a user has."""
        return slice(int(self.indptr[row]), int(self.indptr[row + 1]))

    def newest_first(self, row: int) -> np.ndarray:
        """Rows of the items of a user, the newest first."""
        own = self.entries(row)
        return self.items[own][np.argsort(self.newer[own], kind="stable")]

    def longest(self, n: int) -> np.ndarray:
        """Rows of the ``n`` users with most items, most first; reads the ``indptr`` of all."""
        rows = np.empty(0, dtype=np.int64)
        for start in range(0, len(self), _AT_ONCE):
            some = np.diff(self.indptr[start : start + _AT_ONCE + 1])
            rows = np.concatenate([rows, start + best_first(some, n)])
        rows.sort()  # so that of equal numbers the lower row comes first
        return rows[best_first(self.indptr[rows + 1] - self.indptr[rows], n)]

    def of_length(self, least: int, most: int, n: int) -> np.ndarray:
        """Rows of ``n`` users with ``least`` to ``most`` items, or of fewer if there are fewer.

        They are from all over the rows, and always the same. Of many users only some blocks are
        looked at.
        """
        n_blocks = -(-len(self) // _AT_ONCE)
        chosen = np.unique(np.linspace(0, n_blocks - 1, min(n, n_blocks), dtype=np.int64))
        rows = np.empty(0, dtype=np.int64)
        for start in chosen * _AT_ONCE:
            lengths = np.diff(self.indptr[start : start + _AT_ONCE + 1])
            rows = np.append(rows, start + np.flatnonzero((lengths >= least) & (lengths <= most)))
        return rows[np.linspace(0, len(rows) - 1, min(n, len(rows)), dtype=np.int64)]

    def matrix(self, n_items: int) -> sparse.csr_matrix:
        """The confidences of all users, shape (users, items), for work on all of them."""
        for_all_rows(self.confidences, self.items, self.indptr)
        arrays = (self.confidences, self.items, self.indptr)
        return sparse.csr_matrix(arrays, shape=(len(self), n_items))


class UserFilesWriter(BlockWriter):
    """Writes the files of users into a part, block by block; a context manager.

    Parameters
    ----------
    part
        Its folder.
    n_items
        Number of items.
    parameters
        Of the training.
    """

    def __init__(self, part: Path, n_items: int, parameters: AlsParameters) -> None:
        super().__init__()
        self._part, self._parameters = part, parameters
        self._ids = self._files.enter_context(StoredIdsWriter(part, _IDS))
        self._arrays = {
            name: self._files.enter_context(GrowingArray(part / _file(name), kind))
            for name, kind in _ARRAYS.items()
        }
        self._arrays["indptr"].append(np.zeros(1))
        self._counts = np.zeros((3, n_items))

    def add(self, interactions: Interactions) -> None:
        """Append the users of some interactions, which are all that these users have."""
        matrix = confidence(interactions, self._parameters)
        entries = len(self._arrays["items"])
        self._ids.add(interactions.users.series())
        self._arrays["indptr"].append(entries + matrix.indptr[1:].astype(np.int64))
        self._arrays["items"].append(matrix.indices)
        self._arrays["confidences"].append(matrix.data)
        self._arrays["newer"].append(newer_items(interactions))
        weights = (None, matrix.data > 0, matrix.data)
        self._counts += [
            np.bincount(matrix.indices, some, minlength=matrix.shape[1]) for some in weights
        ]

    def _finish(self) -> None:
        users, likes, confidences = self._counts
        counts = pl.DataFrame({"users": users, "likes": likes, "confidence": confidences})
        counts.cast({"users": pl.Int64, "likes": pl.Int64}).write_parquet(self._part / _COUNTS)


def item_counts(part: Path) -> pl.DataFrame:
    """Of each item how many ``users`` and ``likes`` it has, and their summed ``confidence``."""
    return pl.read_parquet(part / _COUNTS, glob=False)


def _file(name: str) -> str:
    return f"histories.{name}.npy"
