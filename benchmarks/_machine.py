"""What the machine can do at most: the figures of a benchmark are judged by their share of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_BYTES, _SIDE, _ROUNDS = 256 << 20, 2048, 5


@dataclass(frozen=True)
class Machine:
    """The best of some rounds, on all cores; other programs lower it.

    Parameters
    ----------
    copied: bytes read and written in a second, by one thread.
    multiplied: float32 operations in a second, in products of matrices by BLAS.
    """

    copied: float
    multiplied: float

    @classmethod
    def measured(cls) -> Machine:
        """Measure this one, which takes a second, and say what was found."""
        block = np.ones(_BYTES // 8)
        square = np.ones((_SIDE, _SIDE), dtype=np.float32)
        target = np.empty_like(block)
        found = cls(
            2 * block.nbytes / _fastest(lambda: np.copyto(target, block)),
            2 * _SIDE**3 / _fastest(lambda: square @ square),
        )
        print(
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: copies "
            f"{found.copied / 1e9:.0f} GB/s, multiplies {found.multiplied / 1e9:.0f} GFLOP/s",
            flush=True,
        )
        return found

    def moving(self, n_bytes: float, seconds: float) -> str:
        """Bytes in a second, and their share of what copying alone reaches."""
        rate = n_bytes / seconds
        return f"{rate / 1e9:.2f} GB/s, {rate / self.copied:.1%} of copying"

    def multiplying(self, operations: float, seconds: float) -> str:
        """Operations in a second, and their share of what products of matrices alone reach."""
        rate = operations / seconds
        return f"{rate / 1e9:.0f} GFLOP/s, {rate / self.multiplied:.0%} of matrix products"


def _fastest(work: Callable[[], object]) -> float:
    return min(_seconds(work) for _ in range(_ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
