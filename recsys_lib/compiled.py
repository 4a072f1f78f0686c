"""Compiled code: functions compiled with numba, and threads that run them side by side.

They run without the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numba
import scipy.linalg  # noqa: F401  # loads the BLAS of compiled code, for the next line to find
from threadpoolctl import ThreadpoolController

_BLAS = ThreadpoolController()
# Allows vectorized sums and fused multiply-add, but keeps NaN and infinity as they are.
_MATH = {"contract", "reassoc"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function``: cached on disk between runs, and without the interpreter lock."""
    return numba.njit(cache=True, nogil=True, fastmath=_MATH)(function)


class Workers:
    """Runs tasks in a pool of threads, or one after the other without a pool.

    Tasks are fixed pieces of the work, so results do not depend on the number of threads.
    """

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._pool = pool

    @classmethod
    @contextmanager
    def started(cls, n: int = 0) -> Iterator[Workers]:
        """Start ``n`` threads; 0 means one per core, or $NUMBA_NUM_THREADS.

        BLAS is limited to one thread meanwhile: with pools of its own it would slow all down.
        """
        n = n or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        with _BLAS.limit(limits=1, user_api="blas"):
            if n == 1:
                yield cls(None)
            else:
                with ThreadPoolExecutor(n) as pool:
                    yield cls(pool)

    def each(self, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> None:
        """Call ``function(*task)`` for every task and wait for all; errors are raised here."""
        if self._pool is None:
            for task in tasks:
                function(*task)
        else:
            for done in [self._pool.submit(function, *task) for task in tasks]:
                done.result()


def blocks(rows: int, size: int) -> Iterator[slice]:
    """Slices of at most ``size`` rows that cover all rows."""
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))
