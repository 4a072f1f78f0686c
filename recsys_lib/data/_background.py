"""Threads and memory of a load: work in the background, blocks in parallel, memory reused."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_BLOCKS_AT_ONCE = 2
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of options in malloc.h
_KEPT, _FROM_THE_HEAP = 256 << 20, 32 << 20  # bytes


def in_background(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Call a function in a thread of its own; ``result()`` raises the error it ended with."""
    thread = ThreadPoolExecutor(1)
    future = thread.submit(work, *args, **kwargs)
    thread.shutdown(wait=False)
    return future


def side_by_side(tasks: Iterable[Callable[[], T]]) -> Iterator[T]:
    """The results of the tasks in their order, a few at a time so that memory stays small."""
    with ThreadPoolExecutor(_BLOCKS_AT_ONCE) as pool:
        waiting: deque[Future[T]] = deque()
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > _BLOCKS_AT_ONCE:
                yield waiting.popleft().result()
        yield from (future.result() for future in waiting)


@cache
def keep_freed_memory() -> None:
    """Make the C library keep memory that was freed; does nothing where it is not GNU's.

    Blocks of many megabytes come and go while files are read. By default each is mapped and
    unmapped, and touching the pages of a new mapping takes longer than working on them.
    """
    if sys.platform != "linux":
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, _FROM_THE_HEAP)
        set_option(_TRIM_THRESHOLD, _KEPT)
