"""Threads that share out compiled work, which leaves the interpreter free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numba
import scipy.linalg  # noqa: F401  # compiled code calls its BLAS, which the next line must find
from threadpoolctl import ThreadpoolController

_BLAS = ThreadpoolController()


class Workers:
    """A task is a fixed piece of the work, so results do not depend on the number of threads."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._pool = pool

    @classmethod
    @contextmanager
    def started(cls, n: int = 0) -> Iterator[Workers]:
        """``n`` threads; 0 is one for each core, or $NUMBA_NUM_THREADS of them.

        BLAS has one thread for each of them meanwhile.
        """
        n = n or numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        with _BLAS.limit(limits=1, user_api="blas"):
            if n == 1:
                yield cls(None)
            else:
                with ThreadPoolExecutor(n) as pool:
                    yield cls(pool)

    def each(self, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> None:
        """Call ``function(*task)`` for every task, until all are done."""
        if self._pool is None:
            for task in tasks:
                function(*task)
        else:
            for done in [self._pool.submit(function, *task) for task in tasks]:
                done.result()


def blocks(rows: int, size: int) -> Iterator[slice]:
    """Slices of ``size`` rows that cover all rows."""
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))
