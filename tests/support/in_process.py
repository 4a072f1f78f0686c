"""Notebooks run in the process of the test: a kernel takes a second to start."""

import time

import nbformat

from recsys_lib.pipeline.execution.notebook import CellError, Execution


def run_in_process(source, output, parameters, on_cell=None, **_):
    """Stands in for ``run_notebook``: the same cells and records, but no kernel to watch."""
    given = isinstance(source, nbformat.NotebookNode)
    book = source if given else nbformat.read(source, as_version=4)
    names, error = {}, None
    started = time.perf_counter()
    for index, cell in enumerate(book.cells):
        if cell.cell_type != "code":
            continue
        if on_cell:
            on_cell(index + 1, len(book.cells))
        try:
            exec(cell.source, names)
        except Exception as failure:
            error = CellError(type(failure).__name__, str(failure), index)
            break
        if "parameters" in cell.metadata.get("tags", []):
            names |= parameters
    nbformat.write(book, output)
    return Execution(time.perf_counter() - started, 0.0, 0.0, error)
