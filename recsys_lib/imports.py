"""Faster imports of large libraries."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Pause the garbage collector during a large import.

    Imported objects live as long as the process. Searching them for garbage again and again as
    they grow takes a quarter of the time of importing torch and the libraries built on it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
