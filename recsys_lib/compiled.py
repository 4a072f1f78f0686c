"""Compiled code: functions compiled with numba, and threads that run them side by side.

They run without the interpreter lock. numba is imported when the first of them is called: a process
that only searches needs none.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, update_wrapper
from pathlib import Path
from typing import Any

from recsys_lib.machine_cache import cache_of_machine
from recsys_lib.sources import module_digest

# Allows vectorized sums and fused multiply-add, but keeps NaN and infinity as they are.
_MATH = {"contract", "reassoc"}


_UNUSED_SECONDS = 30 * 86400


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function``: cached on disk between runs, and without the interpreter lock.

    By itself numba looks only at the file of a function for changes. So each state of that file
    and of all modules that it uses has a folder of machine code of its own.
    """
    file = Path(function.__code__.co_filename)
    return Compiled(function, cache_folder(file) if file.is_file() else None)


class Compiled:
    """A function that is handed to numba when it is first called, by Python or compiled code.

    Parameters
    ----------
    function: what is compiled.
    folder: for its machine code; None where its source is in no file.
    """

    _making = threading.RLock()  # one function may use others, and so make them

    def __init__(self, function: Callable[..., Any], folder: Path | None) -> None:
        self._function, self._folder, self._made = function, folder, None
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        """What the function returns, in machine code."""
        return (self._made or self.dispatcher())(*args)

    def __getattr__(self, name: str) -> Any:
        """What numba says of it, such as ``stats``."""
        if name.startswith("__"):  # asked by copy and pickle, before anything is made
            raise AttributeError(name)
        return getattr(self.dispatcher(), name)

    def dispatcher(self) -> Any:
        """What numba makes of it: machine code for each combination of types."""
        with self._making:
            if self._made is None:
                self._made = self._dispatcher()
            return self._made

    def _dispatcher(self) -> Any:
        numba, options = _numba(), {"nogil": True, "fastmath": _MATH}
        if self._folder is None:
            return numba.njit(**options)(self._function)
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(self._folder)
        try:
            return numba.njit(cache=True, **options)(self._function)
        finally:
            numba.config.CACHE_DIR = before


@cache
def _numba() -> Any:
    """numba, which is told that one of ours in another's code is what it makes of it."""
    import numba  # noqa: PLC0415  # takes 0.2 s
    from numba.extending import typeof_impl  # noqa: PLC0415

    typeof_impl.register(Compiled)(lambda value, _: numba.types.Dispatcher(value.dispatcher()))
    return numba


@cache
def _blas() -> Any:
    import scipy.linalg  # noqa: F401, PLC0415  # loads the BLAS of compiled code
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415

    return ThreadpoolController()


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
        n = n or _numba().config.NUMBA_NUM_THREADS
        with _blas().limit(limits=1, user_api="blas"):
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
