"""The kernels of a run, and how they are ended."""

from __future__ import annotations

import threading
from contextlib import suppress

import psutil


class Kernels:
    """Process ids of the kernels that run now.

    Once stopped, a kernel that is only just starting is ended, too.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._pids: set[int] = set()
        self._lock = threading.Lock()

    def add(self, pid: int) -> None:
        """A kernel has started."""
        with self._lock:
            self._pids.add(pid)
            stopped = self.stopped
        if stopped:
            kill(pid)

    def discard(self, pid: int) -> None:
        """A kernel has ended."""
        with self._lock:
            self._pids.discard(pid)

    def stop(self) -> None:
        """End every kernel, now and from now on."""
        with self._lock:
            self.stopped, pids = True, list(self._pids)
        for pid in pids:
            kill(pid)


def kill(pid: int) -> None:
    """End a process and its children at once; it may be gone already."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def memory_of(kernel: psutil.Process) -> int:
    """Bytes that a process and its children hold; NoSuchProcess when it has ended itself."""
    total: int = kernel.memory_info().rss
    for child in kernel.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # a child comes and goes
            total += child.memory_info().rss
    return total
