"""Execute one notebook and measure it: the only module that imports papermill."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from recsys_lib.imports import NOT_FOR_NOTEBOOKS, without_modules
from recsys_lib.paths import project_root
from recsys_lib.pipeline.execution._bounds import OutputBounds
from recsys_lib.pipeline.execution._kernels import CellStarted, Kernels, KernelWatch

with without_modules(NOT_FOR_NOTEBOOKS):
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from nbformat import NotebookNode
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    from recsys_lib.pipeline.execution._kernel_process import KernelManager, KernelProcess

# It warns of parameters that it does not find in the notebook. Settings are checked already, and it
# overlooks a parameter whose comment contains "=".
logging.getLogger("papermill").setLevel(logging.ERROR)

KERNEL = "python3"
_ENGINE = "recsys"
_NEEDS = "needs-"  # begins the tag of a cell


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
    """papermill's client, with a kernel of our own that the watch knows, and bounded outputs."""

    watch: KernelWatch
    process: KernelProcess
    bounds: OutputBounds

    def start_new_kernel(self, **kwargs: Any) -> None:
        self.km.connection_file = self.process.connection_file
        super().start_new_kernel(**{**kwargs, **self.process.options()})
        self.watch.kernel(self.km.provisioner.pid)

    def papermill_execute_cells(self) -> None:
        self.process.check()
        super().papermill_execute_cells()

    def output(self, outs: list[Any], msg: Any, display_id: str, cell_index: int) -> Any:
        bounded = self.bounds.message(msg, cell_index, outs)
        if bounded is None:
            return None
        made = super().output(outs, bounded, display_id, cell_index)
        self.bounds.fold(outs)
        return made


class _Engine(Engine):
    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        watch: KernelWatch,
        process: KernelProcess,
        start_timeout: int,
        **_: Any,
    ) -> None:
        total = len(nb_man.nb.cells)
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            kernel_manager_class=KernelManager,
            startup_timeout=start_timeout,
            log=logging.getLogger("papermill"),
            # Otherwise its log appears in our terminal: a warning about TCP at every start (it
            # listens on 127.0.0.1, with signatures), an interrupt at every end. Errors are in the
            # notebook.
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            on_cell_start=lambda cell, cell_index: watch.cell(cell_index, total),
        )
        client.watch, client.process, client.bounds = watch, process, OutputBounds()
        client.execute()


papermill_engines.register(_ENGINE, _Engine)


def run_notebook(  # noqa: PLR0913  # most are by name
    source: Path | NotebookNode,
    output: Path,
    parameters: dict[str, Any],
    on_cell: CellStarted | None = None,
    *,
    timeout: float | None = None,
    threads: int = 0,
    kernels: Kernels | None = None,
    project: Path | None = None,
) -> Execution:
    """Execute ``source`` with ``parameters`` and write it to ``output``, also if a cell fails.

    ``timeout`` in seconds is for the whole notebook; ``threads`` is how many cores the kernel may
    use, 0 for all; ``kernels`` is where to enter it; ``project`` is the checkout whose library it
    imports, by default this one.
    """
    watch, error = KernelWatch(on_cell, timeout, kernels or Kernels()), None
    try:
        with KernelProcess.prepared(project or project_root(), threads) as process:
            papermill.execute_notebook(
                _literal(source) if isinstance(source, Path) else source,
                _literal(output),
                parameters=parameters,
                engine_name=_ENGINE,
                kernel_name=KERNEL,
                progress_bar=False,
                watch=watch,
                process=process,
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
