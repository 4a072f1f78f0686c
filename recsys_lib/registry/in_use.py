"""Whether a run works on a dataset at this moment."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"
"""In the folder of a dataset's models; a run holds it from its start to its end."""


def is_worked_on(models: Path) -> bool:
    """Whether a run holds the lock of a dataset at this moment, given the folder of its models."""
    if not (models / LOCK).exists():
        return False
    try:
        with FileLock(models / LOCK, timeout=0):
            return False
    except Timeout:
        return True
