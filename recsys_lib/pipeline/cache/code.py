"""The code that a notebook runs: its cells, and those of our modules that they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from recsys_lib.errors import ParameterError
from recsys_lib.files import read_json
from recsys_lib.sources import Source, closure, source_of

_PACKAGE = "recsys_lib"
_TAG = "parameters"
_TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class NotebookCode(NamedTuple):
    """What the cells of a notebook do, apart from comments, and the names that they import."""

    digest: str
    imports: tuple[str, ...]


def code_of(notebook: Path) -> NotebookCode:
    """The code of a notebook, without prose and outputs.

    Raises ParameterError with the cell and the line if a cell is not Python, after IPython's own
    translation of lines such as ``%matplotlib inline`` and ``!ls``.
    """
    cells = [_python(cell, number, notebook) for number, cell in _code_cells(notebook)]
    digest, imports = source_of("\n".join(cells))
    hidden = (name for cell in cells for name in _imports_in_magics(cell))
    return NotebookCode(digest, tuple(dict.fromkeys([*imports, *hidden])))


def check_notebook(notebook: Path) -> None:
    """Raise ParameterError if a notebook is missing, is not Python or has no parameters cell."""
    if not notebook.is_file():
        raise ParameterError(f"{notebook} does not exist: check its name in run_pipeline.py")
    try:
        cells = read_json(notebook)["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise ParameterError(f"{notebook} is not a notebook ({error!r})") from error
    tagged = [c for c in cells if _TAG in c.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise ParameterError(
            f"{notebook} has {len(tagged)} cells with the tag {_TAG!r}, but must have one, or it "
            "gets no parameters: tag the cell in JupyterLab's Property Inspector"
        )
    code_of(notebook)


def used_modules(imports: tuple[str, ...], project: Path) -> tuple[dict[Path, Source], set[str]]:
    """Modules of ours that code with these imports uses, and other packages that they use.

    Paths are relative to ``project``, the checkout.
    """
    return closure(imports, project, [_PACKAGE])


def _code_cells(notebook: Path) -> Iterator[tuple[int, str]]:
    """Number, from 1 among all cells, and text of each code cell."""
    for number, cell in enumerate(read_json(notebook)["cells"], start=1):
        if cell["cell_type"] == "code":
            yield number, "".join(cell["source"])


def _python(cell: str, number: int, notebook: Path) -> str:
    """A cell as Python: as it is, or as IPython translates it."""
    with suppress(SyntaxError, ValueError):
        compile(cell, "cell", "exec", _TOP_LEVEL_AWAIT)
        return cell
    from IPython.core.inputtransformer2 import (  # noqa: PLC0415  # slow, and seldom needed
        TransformerManager,
    )

    try:
        text: str = TransformerManager().transform_cell(cell)
        compile(text, "cell", "exec", _TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ParameterError(f"{notebook}, cell {number}{line}: {error.args[0]}") from error
    return text


def _imports_in_magics(cell: str) -> Iterator[str]:
    """What code imports that is the text of a magic, as in ``%time import x`` and ``%%time``."""
    if "get_ipython" not in cell:
        return
    for node in ast.walk(ast.parse(cell)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("get_ipython()."):
            for text in _texts(node.args):
                with suppress(SyntaxError, ValueError):
                    yield from source_of(text).imports


def _texts(arguments: list[ast.expr]) -> Iterator[Any]:
    for argument in arguments:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
