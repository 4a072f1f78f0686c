"""One program at a time works on a dataset: a run, an update, a clean-up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recsys_lib.errors import LockedError
from recsys_lib.paths import Dataset
from recsys_lib.registry.manifest import utc_now

LOCK = ".lock"
"""In the folder of a dataset's models; a run holds it from its start to its end."""
_FOREVER = -1


@contextmanager
def only_run(dataset: Dataset, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a dataset; wait for it, or raise LockedError naming its holder.

    The system frees the lock when the process dies, however that happens.
    """
    dataset.models.mkdir(parents=True, exist_ok=True)
    holder, lock = dataset.models / ".holder", FileLock(dataset.models / LOCK)
    try:
        lock.acquire(timeout=_FOREVER if wait else 0)
    except Timeout as error:
        who = holder.read_text(encoding="utf-8") if holder.is_file() else "another process"
        raise LockedError(
            f"dataset {dataset.name!r} is in use by {who}: wait for it (--wait), or stop it"
        ) from error
    try:
        holder.write_text(f"process {os.getpid()} since {utc_now()}", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def is_worked_on(models: Path) -> bool:
    """Whether a program holds the lock of a dataset now, given the folder of its models."""
    if not (models / LOCK).exists():
        return False
    try:
        with FileLock(models / LOCK, timeout=0):
            return False
    except Timeout:
        return True
