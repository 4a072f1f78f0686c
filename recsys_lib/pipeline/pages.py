"""A notebook that is executed by itself, as a page that needs no network."""

# ruff: noqa: PLC0415  # slow imports, only where a page is made

from __future__ import annotations

from pathlib import Path
from typing import Any

from recsys_lib.errors import StepFailedError


def notebook_page(notebook: Path, folder: Path, values: dict[str, Any], failed: str) -> Path:
    """Execute a notebook with parameters; the path of its page.

    Parameters
    ----------
    notebook
        What to execute; it is not changed.
    folder
        For the executed notebook and its page.
    values
        Parameters.
    failed
        Begins the message of an error: what could not be done.

    Raises
    ------
    StepFailedError
        If a cell fails; the executed notebook shows which.
    """
    from recsys_lib.pipeline.execution.notebook import run_notebook
    from recsys_lib.pipeline.report import write_page

    output = folder / notebook.name
    execution = run_notebook(notebook, output, values)
    if execution.error is not None:
        raise StepFailedError(
            f"{failed}: {execution.error.name}: {execution.error.message}, see {output}"
        )
    return write_page(output)
