"""The code that a notebook runs: its cells, and those of our modules that they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from recsys_lib.errors import ParameterError
from recsys_lib.files import fingerprint, read_json

_PACKAGE = "recsys_lib"
_TAG = "parameters"


def code_of(notebook: Path) -> str:
    """The code cells of a notebook as one text, without prose and outputs."""
    cells = read_json(notebook)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def check_notebook(notebook: Path) -> None:
    """Raise ParameterError if a notebook is missing or has no single cell for parameters."""
    if not notebook.is_file():
        raise ParameterError(f"{notebook} does not exist: check its name in run_pipeline.py")
    try:
        cells = read_json(notebook)["cells"]
    except (ValueError, KeyError) as error:
        raise ParameterError(f"{notebook} is not a notebook ({error!r})") from error
    tagged = [c for c in cells if _TAG in c.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise ParameterError(
            f"{notebook} has {len(tagged)} cells with the tag {_TAG!r}, but must have one, or it "
            "gets no parameters: tag the cell in JupyterLab's Property Inspector"
        )


def used_modules(code: str, project: Path) -> tuple[set[Path], set[str]]:
    """Files of ours that ``code`` imports, directly or indirectly, and other packages they import.

    Files are relative to ``project``, the checkout. Imports for type checking only, and those in a
    package's lazy ``__getattr__``, are not followed.
    """
    files: set[Path] = set()
    foreign: set[str] = set()
    waiting = list(_imports(ast.parse(code)))
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] != _PACKAGE:
            foreign.add(name.split(".")[0])
            continue
        for path in _files(name, project):
            if path not in files:
                files.add(path)
                waiting += _imported(project / path, fingerprint(project / path))
    return files, foreign


@lru_cache(maxsize=10_000)
def _imported(path: Path, _fingerprint: str) -> tuple[str, ...]:
    """What a module imports; read again when its text has changed."""
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8"))))


def _imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a piece of code imports; ``from a import b`` also gives a.b."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not _is_deferred(node):
            yield from _imports(node)


def _is_deferred(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "__getattr__"
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _files(name: str, project: Path) -> Iterator[Path]:
    """The file of a module and those of the packages around it, if they exist."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        base = Path(*parts[:end])
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if (project / path).is_file():
                yield path
