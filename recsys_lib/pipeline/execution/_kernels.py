"""The kernels of a run: watched while they work, and stopped when the run ends early."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

_POLL_SECONDS = 0.2

CellStarted = Callable[[int, int], None]
"""Called with the number of the cell that starts, from 1, and the number of cells."""


class Kernels:
    """Process ids of the kernels that run now.

    Once stopped, it also ends a kernel that is only just starting.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._pids: set[int] = set()
        self._lock = threading.Lock()

    def add(self, pid: int) -> None:
        """Enter a kernel that has started."""
        with self._lock:
            self._pids.add(pid)
            stopped = self.stopped
        if stopped:
            kill(pid)

    def discard(self, pid: int) -> None:
        """Remove a kernel that has ended."""
        with self._lock:
            self._pids.discard(pid)

    def stop(self) -> None:
        """End every kernel, now and from now on."""
        with self._lock:
            self.stopped, pids = True, list(self._pids)
        for pid in pids:
            kill(pid)


class KernelWatch:
    """Watches one kernel: its cells, the most memory that it held, and its time limit.

    ``timeout`` in seconds is for the whole notebook.
    """

    def __init__(
        self, on_cell: CellStarted | None, timeout: float | None, kernels: Kernels
    ) -> None:
        self.started = time.perf_counter()
        self.first_cell: float | None = None
        self.last_cell = 0
        self.peak_bytes = 0
        self.timed_out = False
        self._on_cell, self._timeout, self._kernels = on_cell, timeout, kernels
        self._stop = threading.Event()

    def cell(self, index: int, total: int) -> None:
        """Note that a cell starts; ``index`` counts from 0."""
        self.first_cell = self.first_cell or time.perf_counter()
        self.last_cell = index
        if self._on_cell:
            self._on_cell(index + 1, total)

    def kernel(self, pid: int) -> None:
        """Begin to watch a process, in a thread of its own."""
        self._kernels.add(pid)
        threading.Thread(target=self._poll, args=(pid,), daemon=True).start()

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()

    def cause_of_death(self) -> tuple[str, str]:
        """Name and message of the error of a kernel that ended by itself, or was timed out."""
        peak = f"it held {self.peak_bytes / 2**20:,.0f} MB at most"
        if self.timed_out:
            return "StepTimeout", f"the step took longer than its {self._timeout:g} s; {peak}"
        return "DeadKernel", f"the kernel died, probably because memory ran out; {peak}"

    def _poll(self, pid: int) -> None:
        try:
            kernel = psutil.Process(pid)
            while not self._stop.wait(_POLL_SECONDS):
                self.peak_bytes = max(self.peak_bytes, _memory_of(kernel))
                if self._timeout and time.perf_counter() - self.started > self._timeout:
                    self.timed_out = True
                    kill(pid)
        except psutil.Error:
            return  # the kernel has ended, which is the ordinary end of a watch
        finally:
            self._kernels.discard(pid)


def kill(pid: int) -> None:
    """End a process and its children at once, if they still run."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _memory_of(kernel: psutil.Process) -> int:
    """Bytes that a process and its children hold; NoSuchProcess if the process has ended."""
    total: int = kernel.memory_info().rss
    for child in kernel.children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # children come and go
            total += child.memory_info().rss
    return total
