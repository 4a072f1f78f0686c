"""Faster imports of large libraries."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Let the garbage collector wait while something large is imported.

    What an import makes is there to stay. To look through all of it for garbage, again and again as
    it grows, takes a quarter of the time of importing torch and what stands on it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
