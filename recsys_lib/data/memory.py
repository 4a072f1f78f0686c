"""Memory that is used again instead of being given back and asked for anew."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT, _FROM_THE_HEAP = 256 << 20, 32 << 20  # bytes


@cache
def keep_freed_memory() -> None:
    """Have the allocator of the C library keep some memory that was freed.

    Blocks of many megabytes come and go while files are read. By default each is mapped and
    unmapped, and the pages of a new mapping cost more time than what is done with them. Where the C
    library is not GNU's, nothing is changed.
    """
    if sys.platform != "linux":
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, _FROM_THE_HEAP)
        set_option(_TRIM_THRESHOLD, _KEPT)
