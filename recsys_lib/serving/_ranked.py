"""A ranking of all items, for one question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys_lib.blend import Reason

Hits = tuple[np.ndarray, np.ndarray]
"""Rows of items, int64, and their scores; best first."""


@dataclass(frozen=True)
class Ranked:
    """Items in an order; rows are those of ``AllItems``.

    Parameters
    ----------
    best: the n best items and their scores, for any n; more begin with fewer.
    eligible: bool, shape (items,): which items may be in the list at all.
    source: where the items come from; "" where ``reasons`` say it for each.
    reasons: why each of the rows is recommended; None where nobody can tell.
    far: which of the rows have little to do with the question; None where none is asked in words.
    """

    best: Callable[[int], Hits]
    eligible: np.ndarray
    source: str = ""
    reasons: Callable[[np.ndarray], list[Reason]] | None = None
    far: Callable[[np.ndarray], np.ndarray] | None = None
