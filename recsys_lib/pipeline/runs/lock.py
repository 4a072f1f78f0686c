"""One run at a time on a dataset."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from recsys_lib.errors import LockedError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.runs.record import now
from recsys_lib.registry.in_use import LOCK

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
        holder.write_text(f"process {os.getpid()} since {now()}", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
