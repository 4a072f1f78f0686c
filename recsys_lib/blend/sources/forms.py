"""Scores of all items for many users, in the form that takes least memory.

Most sources know something about a few hundred of all items, or say the same to everybody. Rows of
all items would be thousands of zeros, or copies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class SameForAll:
    """The same score of an item for every user.

    Parameters
    ----------
    row: float32, shape (items,).
    n_users: number of users.
    """

    row: np.ndarray
    n_users: int

    @property
    def shape(self) -> tuple[int, int]:
        """Users and items."""
        return self.n_users, len(self.row)


CompactScores = np.ndarray | sparse.csr_matrix | SameForAll
"""float32, shape (users, items): all, or CSR of those that are not 0, or one row for all users."""
