"""How the system reads memory-mapped arrays: by single rows, or as a whole.

By default it reads ahead, on some machines 8 MB for a page of 4 kB, which takes a hundred times as
long as that page.
"""

from __future__ import annotations

import mmap

import numpy as np


def for_single_rows(array: np.ndarray) -> np.ndarray:
    """A mapped array of which rows here and there are read: nothing is read ahead.

    The result is no ``numpy.memmap``, whose indexing takes five times as long.
    """
    _advise(array, "MADV_RANDOM")
    return np.asarray(array)


def for_all_rows(*arrays: np.ndarray) -> None:
    """Let the system read ahead in these arrays again: all of them is about to be read."""
    for array in arrays:
        _advise(array, "MADV_NORMAL")


def into_memory(*arrays: np.ndarray) -> None:
    """Let the system begin to read these arrays, without waiting for it."""
    for array in arrays:
        _advise(array, "MADV_WILLNEED")


def _advise(array: np.ndarray, advice: str) -> None:
    """Only advice: where arrays are in memory, or a system knows no such thing, nothing changes."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, advice):
        base.madvise(getattr(mmap, advice))
