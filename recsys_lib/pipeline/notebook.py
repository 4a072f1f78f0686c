"""Run one notebook and measure it: the only module that touches papermill."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
import psutil
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError

KERNEL = "python3"
_ENGINE = "recsys"
_MEMORY_POLL_SECONDS = 0.2

CellStarted = Callable[[int, int], None]
"""Called with the number of the cell that starts, from 1, and the number of cells."""


@dataclass(frozen=True)
class CellError:
    """The exception that ended a notebook: its class, its message, and the cell from 1."""

    name: str
    message: str
    cell: int


@dataclass(frozen=True)
class Execution:
    """What running a notebook took, and how it ended.

    ``startup_seconds`` is the part of ``seconds`` before the first cell started;
    ``peak_memory_mb`` is the most memory the kernel's processes held, in MiB.
    """

    seconds: float
    startup_seconds: float
    peak_memory_mb: float
    error: CellError | None


class _Watch:
    """Follows one kernel: when its first cell started, how much memory it takes."""

    def __init__(self, on_cell: CellStarted | None) -> None:
        self.started = time.perf_counter()
        self.first_cell: float | None = None
        self.peak_bytes = 0
        self._on_cell = on_cell
        self._stop = threading.Event()

    def cell(self, index: int, total: int) -> None:
        self.first_cell = self.first_cell or time.perf_counter()
        if self._on_cell:
            self._on_cell(index + 1, total)

    def kernel(self, pid: int) -> None:
        threading.Thread(target=self._poll, args=(pid,), daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _poll(self, pid: int) -> None:
        try:
            kernel = psutil.Process(pid)
            while not self._stop.wait(_MEMORY_POLL_SECONDS):
                family = [kernel, *kernel.children(recursive=True)]
                self.peak_bytes = max(
                    self.peak_bytes, sum(process.memory_info().rss for process in family)
                )
        except psutil.Error:
            return  # the kernel has ended, which is the ordinary end of the watch


class _Client(PapermillNotebookClient):
    """papermill's client, which also says which process its kernel is."""

    watch: _Watch

    def start_new_kernel(self, **kwargs: Any) -> None:
        super().start_new_kernel(**kwargs)
        self.watch.kernel(self.km.provisioner.pid)


class _Engine(Engine):
    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, watch: _Watch, start_timeout: int, **_: Any
    ) -> None:
        total = len(nb_man.nb.cells)
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            log=logging.getLogger("papermill"),
            # The kernel warns about TCP at every start; it listens on 127.0.0.1, with signatures.
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
            on_cell_start=lambda cell, cell_index: watch.cell(cell_index, total),
        )
        client.watch = watch
        client.execute()


papermill_engines.register(_ENGINE, _Engine)


def run_notebook(
    source: Path,
    output: Path,
    parameters: dict[str, Any],
    on_cell: CellStarted | None = None,
) -> Execution:
    """Execute ``source`` with ``parameters`` and leave it at ``output``, also when a cell fails."""
    # Set for the kernel: no warnings about the debugger or old folders in the reports.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    watch, error = _Watch(on_cell), None
    try:
        papermill.execute_notebook(
            _literal(source),
            _literal(output),
            parameters=parameters,
            engine_name=_ENGINE,
            kernel_name=KERNEL,
            progress_bar=False,
            watch=watch,
        )
    except PapermillExecutionError as failure:
        error = CellError(failure.ename, failure.evalue, failure.cell_index)
    finally:
        watch.stop()
    ended = time.perf_counter()
    return Execution(
        seconds=ended - watch.started,
        startup_seconds=(watch.first_cell or ended) - watch.started,
        peak_memory_mb=watch.peak_bytes / 2**20,
        error=error,
    )


def _literal(path: Path) -> str:
    """papermill fills in braces in paths; ours are names, not templates."""
    return str(path).replace("{", "{{").replace("}", "}}")
