"""Run one notebook and measure it: the only module that touches papermill."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
import psutil
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from rich.text import Text

from recsys_lib.pipeline.execution.kernels import Kernels, kill, memory_of

KERNEL = "python3"
_ENGINE = "recsys"
_MEMORY_POLL_SECONDS = 0.2
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)

CellStarted = Callable[[int, int], None]
"""Called with the number of the cell that starts, from 1, and the number of cells."""


@dataclass(frozen=True)
class CellError:
    """What ended a notebook: its class, its message, and the index of the cell."""

    name: str
    message: str
    cell: int
    traceback: Sequence[str] = ()

    def last_lines(self, n: int = 6) -> list[str]:
        """The end of the traceback, without colours."""
        text = Text.from_ansi("\n".join(self.traceback)).plain
        return [line for line in text.splitlines() if line.strip()][-n:]


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
        self.first_cell = self.first_cell or time.perf_counter()
        self.last_cell = index
        if self._on_cell:
            self._on_cell(index + 1, total)

    def kernel(self, pid: int) -> None:
        self._kernels.add(pid)
        threading.Thread(target=self._poll, args=(pid,), daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def death(self) -> CellError:
        """Why a kernel is gone that nobody asked to go."""
        peak = f"it held {self.peak_bytes / 2**20:,.0f} MB at most"
        if self.timed_out:
            message = f"the step took longer than its {self._timeout:g} s; {peak}"
            return CellError("StepTimeout", message, self.last_cell)
        message = f"the kernel died, as it does when memory runs out; {peak}"
        return CellError("DeadKernel", message, self.last_cell)

    def _poll(self, pid: int) -> None:
        try:
            kernel = psutil.Process(pid)
            while not self._stop.wait(_MEMORY_POLL_SECONDS):
                self.peak_bytes = max(self.peak_bytes, memory_of(kernel))
                if self._timeout and time.perf_counter() - self.started > self._timeout:
                    self.timed_out = True
                    kill(pid)
        except psutil.Error:
            return  # the kernel has ended, which is the ordinary end of the watch
        finally:
            self._kernels.discard(pid)


class _Client(PapermillNotebookClient):
    """papermill's client, which also says which process its kernel is."""

    watch: _Watch
    threads: int

    def start_new_kernel(self, **kwargs: Any) -> None:
        super().start_new_kernel(**kwargs, env=_kernel_environment(self.threads))
        self.watch.kernel(self.km.provisioner.pid)


class _Engine(Engine):
    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        watch: _Watch,
        threads: int,
        start_timeout: int,
        **_: Any,
    ) -> None:
        total = len(nb_man.nb.cells)
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            log=logging.getLogger("papermill"),
            # Its log would land in our terminal: a warning about TCP at every start (it listens on
            # 127.0.0.1, with signatures), an interrupt at every end. Errors are in the notebook.
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            on_cell_start=lambda cell, cell_index: watch.cell(cell_index, total),
        )
        client.watch, client.threads = watch, threads
        client.execute()


papermill_engines.register(_ENGINE, _Engine)


def run_notebook(
    source: Path,
    output: Path,
    parameters: dict[str, Any],
    on_cell: CellStarted | None = None,
    *,
    timeout: float | None = None,
    threads: int = 0,
    kernels: Kernels | None = None,
) -> Execution:
    """Execute ``source`` with ``parameters`` and leave it at ``output``, also when a cell fails.

    ``timeout`` is for the whole notebook, in seconds; ``threads`` is the share of the processor
    that the kernel may use, 0 for all of it; ``kernels`` is where to enter it.
    """
    watch, error = _Watch(on_cell, timeout, kernels or Kernels()), None
    try:
        papermill.execute_notebook(
            _literal(source),
            _literal(output),
            parameters=parameters,
            engine_name=_ENGINE,
            kernel_name=KERNEL,
            progress_bar=False,
            watch=watch,
            threads=threads or os.cpu_count() or 1,
        )
    except PapermillExecutionError as failure:
        error = CellError(failure.ename, failure.evalue, failure.cell_index, failure.traceback)
    except DeadKernelError:
        error = watch.death()
    except RuntimeError as failure:
        if watch.first_cell is not None:
            raise
        error = CellError("KernelStart", str(failure), 0)
    finally:
        watch.stop()
    ended = time.perf_counter()
    return Execution(
        seconds=ended - watch.started,
        startup_seconds=(watch.first_cell or ended) - watch.started,
        peak_memory_mb=watch.peak_bytes / 2**20,
        error=error,
    )


def _kernel_environment(threads: int) -> dict[str, str]:
    """The kernel's environment: its share of threads, and no noise in the reports."""
    return {
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, str(threads)),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
    }


def _literal(path: Path) -> str:
    """papermill fills in braces in paths; ours are names, not templates."""
    return str(path).replace("{", "{{").replace("}", "}}")
