"""Compiled code: functions compiled with numba, and threads that run them side by side.

They run without the interpreter lock.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
import scipy.linalg  # noqa: F401  # loads the BLAS of compiled code, for the next line to find
from threadpoolctl import ThreadpoolController

from recsys_lib.machine_cache import cache_of_machine
from recsys_lib.sources import module_digest

_BLAS = ThreadpoolController()
# Allows vectorized sums and fused multiply-add, but keeps NaN and infinity as they are.
_MATH = {"contract", "reassoc"}


_UNUSED_SECONDS = 30 * 86400


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function``: cached on disk between runs, and without the interpreter lock.

    By itself numba looks only at the file of a function for changes. So each state of that file
    and of all modules that it uses has a folder of machine code of its own.
    """
    file = Path(function.__code__.co_filename)
    if not file.is_file():
        return numba.njit(nogil=True, fastmath=_MATH)(function)
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = str(cache_folder(file))  # type: ignore[attr-defined]
    try:
        return numba.njit(cache=True, nogil=True, fastmath=_MATH)(function)
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


def cache_folder(file: Path) -> Path:
    """The folder for the machine code of a module as it is now; one that was new is empty."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    folder = cache_of_machine("compiled", Path(given) if given else None) / module_digest(file)[:32]
    if not folder.is_dir():
        _remove_unused(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        os.utime(folder)
    return folder


def _remove_unused(root: Path) -> None:
    """Remove the machine code of sources that have long changed."""
    for folder in root.glob("*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(folder)


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
