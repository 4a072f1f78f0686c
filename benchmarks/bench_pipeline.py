"""What the pipeline costs beyond papermill: four empty notebooks, both ways, in one process.

Ours also checks parameters, decides what to run, measures memory, records and writes a report.
"""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import papermill

from recsys_lib.parameters import SECTIONS
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import Run
from recsys_lib.pipeline.runs.record import new_run_id
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.pipeline.steps import Step

_ROUNDS = 3


def main() -> None:
    """Print medians and their ratio."""
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.environ["RECSYS_HOME"] = name
        notebooks = [_empty_notebook(root, step) for step in SECTIONS]
        rounds = [
            (_seconds(lambda: _papermill(notebooks)), _seconds(lambda: _ours(root)))
            for _ in range(_ROUNDS)
        ]
    theirs, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(b / a for a, b in rounds)
    print(f"four empty notebooks, median of {_ROUNDS} rounds")
    print(f"  papermill.execute_notebook   {theirs:6.2f} s")
    print(f"  our pipeline, with report    {ours:6.2f} s   {ratio:.2f} times")


def _empty_notebook(root: Path, step: str) -> Path:
    v4 = nbformat.v4
    cell = v4.new_code_cell("dataset = ''", metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = root / "notebooks" / f"{step}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel}), path)
    return path


def _papermill(notebooks: list[Path]) -> None:
    for path in notebooks:
        output = path.with_suffix(".out.ipynb")
        papermill.execute_notebook(str(path), str(output), progress_bar=False)


def _ours(root: Path) -> None:
    steps = [Step(name, notebook=name) for name in SECTIONS]
    run = Run(steps, steps, read_settings(project=root), new_run_id(), force=True)
    run.check()
    run.execute(RunProgress(quiet=True))


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
