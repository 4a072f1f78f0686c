"""How many processors there are to share."""

from __future__ import annotations

import os


def processors() -> int:
    """Those that this process may use: in a container or a job often fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
