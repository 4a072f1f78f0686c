"""Work that goes on in a thread of its own while something else is done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_background(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Start a function; an error in it comes up when its result is asked for."""
    thread = ThreadPoolExecutor(1)
    future = thread.submit(work, *args, **kwargs)
    thread.shutdown(wait=False)
    return future
