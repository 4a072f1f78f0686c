"""Execute one notebook and measure it: the only module that imports papermill."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from rich.text import Text

from recsys_lib.imports import NOT_FOR_NOTEBOOKS, without_modules
from recsys_lib.pipeline.execution._kernels import CellStarted, Kernels, KernelWatch

with without_modules(NOT_FOR_NOTEBOOKS):
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

# It warns of parameters that it does not find in the notebook. Settings are checked already, and it
# overlooks a parameter whose comment contains "=".
logging.getLogger("papermill").setLevel(logging.ERROR)

KERNEL = "python3"
_ENGINE = "recsys"
_NEEDS = "needs-"  # begins the tag of a cell
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


@dataclass(frozen=True)
class CellError:
    """The error that ended a notebook: its class, its message, and the index of the cell."""

    name: str
    message: str
    cell: int
    traceback: Sequence[str] = ()

    def last_lines(self, n: int = 6) -> list[str]:
        """The last n lines of the traceback, without colours."""
        text = Text.from_ansi("\n".join(self.traceback)).plain
        return [line for line in text.splitlines() if line.strip()][-n:]


@dataclass(frozen=True)
class Execution:
    """How long a notebook took, how much memory, and how it ended.

    ``startup_seconds`` is the part of ``seconds`` before the first cell started;
    ``peak_memory_mb`` is the most memory that the kernel's processes held, in MiB.
    """

    seconds: float
    startup_seconds: float
    peak_memory_mb: float
    error: CellError | None


class _Client(PapermillNotebookClient):
    """papermill's client, which also tells the watch which process its kernel is."""

    watch: KernelWatch
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
        watch: KernelWatch,
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
            # Otherwise its log appears in our terminal: a warning about TCP at every start (it
            # listens on 127.0.0.1, with signatures), an interrupt at every end. Errors are in the
            # notebook.
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            on_cell_start=lambda cell, cell_index: watch.cell(cell_index, total),
        )
        client.watch, client.threads = watch, threads
        client.execute()


papermill_engines.register(_ENGINE, _Engine)


def run_notebook(
    source: Path | NotebookNode,
    output: Path,
    parameters: dict[str, Any],
    on_cell: CellStarted | None = None,
    *,
    timeout: float | None = None,
    threads: int = 0,
    kernels: Kernels | None = None,
) -> Execution:
    """Execute ``source`` with ``parameters`` and write it to ``output``, also if a cell fails.

    ``timeout`` in seconds is for the whole notebook; ``threads`` is how many cores the kernel may
    use, 0 for all; ``kernels`` is where to enter it.
    """
    watch, error = KernelWatch(on_cell, timeout, kernels or Kernels()), None
    try:
        papermill.execute_notebook(
            _literal(source) if isinstance(source, Path) else source,
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
        error = CellError(*watch.cause_of_death(), watch.last_cell)
    except RuntimeError as failure:
        if watch.first_cell is not None:
            raise
        start_failure = ("KernelStart", str(failure))
        error = CellError(*(watch.cause_of_death() if watch.timed_out else start_failure), 0)
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
    """The kernel's environment: its share of the cores, and no noise in the reports."""
    return {
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, str(threads)),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
    }


def without_absent(source: Path, absent: Collection[str]) -> Path | NotebookNode:
    """The notebook, without cells of the tag ``needs-x`` where ``x`` is absent."""
    notebook = nbformat.read(source, nbformat.NO_CONVERT)
    kept: list[NotebookNode] = []
    said: set[str] = set()
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        lacking = [name for name in absent if f"{_NEEDS}{name}" in tags]
        if not lacking:
            kept.append(cell)
        elif lacking[0] not in said:
            said.add(lacking[0])
            note = f"*The dataset has no {lacking[0]}: what needs them is left out.*"
            kept.append(nbformat.v4.new_markdown_cell(note, id=cell.id))
    notebook.cells = kept
    return notebook if said else source


def _literal(path: Path) -> str:
    """Escape braces: papermill would take them for templates."""
    return str(path).replace("{", "{{").replace("}", "}}")
