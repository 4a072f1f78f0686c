"""Source texts of Python modules: what they do, without their form, and which modules they use.

Comments, docstrings, blank lines and line breaks do not change what code does, and so do not count.
"""

from __future__ import annotations

import ast
import atexit
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_STORE = Path(__file__).parent / "__pycache__" / f"sources-{sys.implementation.cache_tag}-1.json"
_MOST_STORED = 3000
_known: dict[str, tuple[str, tuple[str, ...]]] = {}
_new: dict[str, tuple[str, tuple[str, ...]]] = {}


class Source(NamedTuple):
    """A fingerprint of what a text does, and the dotted names that it imports."""

    digest: str
    imports: tuple[str, ...]


class Stamp(NamedTuple):
    """By what a file that was written since is told: time in ns, bytes, inode."""

    changed: int
    size: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file now."""
        facts = path.stat()
        return cls(facts.st_mtime_ns, facts.st_size, facts.st_ino)


def read_source(path: Path) -> Source:
    """The source of a module; it is parsed only once for each text that it has had."""
    return _read(path, Stamp.of(path))


def source_of(text: str) -> Source:
    """The source of a text, parsed only once; SyntaxError where it is not Python."""
    key = hashlib.sha256(text.encode()).hexdigest()
    if not _known:
        _load()
    if key not in _known:
        _known[key] = _new[key] = _parsed(text)
    return Source(*_known[key])


def _parsed(text: str) -> Source:
    tree = ast.parse(text)
    imports = tuple(dict.fromkeys(_imports(tree)))
    for node in ast.walk(tree):
        _remove_docstring(node)
    return Source(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports)


def closure(
    names: Iterable[str], root: Path, packages: Iterable[str]
) -> tuple[dict[Path, Source], set[str]]:
    """Modules of ``packages`` below ``root`` that ``names`` lead to, and other packages they use.

    Paths are relative to ``root``. Imports for type checking only, and those in a package's lazy
    ``__getattr__``, are not followed.
    """
    files: dict[str, Source] = {}
    foreign: set[str] = set()
    waiting, seen, ours = list(names), set(), set(packages)
    listed: dict[str, frozenset[str]] = {}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.split(".")[0] not in ours:
            foreign.add(name.split(".")[0])
            continue
        for path in _files(name, root, listed):
            if path not in files:
                files[path] = read_source(root / path)
                waiting += files[path].imports
    return {Path(path): source for path, source in files.items()}, foreign


def module_digest(file: Path) -> str:
    """A fingerprint of a module together with all modules of its package that it uses."""
    root = file.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    package = file.relative_to(root).parts[0].removesuffix(".py")
    files, _ = closure(read_source(file).imports, root, [package])
    files[file.relative_to(root)] = read_source(file)
    parts = (f"{path.as_posix()} {files[path].digest}" for path in sorted(files))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@lru_cache(maxsize=10_000)
def _read(path: Path, _stamp: Stamp) -> Source:
    return source_of(path.read_bytes().decode("utf-8"))


def _load() -> None:
    """What earlier processes found; parsing all modules takes a second."""
    with suppress(OSError, ValueError, TypeError):
        stored = json.loads(_STORE.read_text(encoding="utf-8"))
        _known.update({key: (digest, tuple(names)) for key, (digest, names) in stored.items()})
    atexit.register(_save)


def _save() -> None:
    """Keep what this process found for the next ones, where the code's folder can be written."""
    if not _new:
        return
    kept = dict(list(_known.items())[-_MOST_STORED:])
    with suppress(OSError):  # only speed is lost
        _STORE.parent.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=_STORE.parent, suffix=".tmp")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.replace(name, _STORE)


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


def _remove_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        node.body = node.body[1:] if isinstance(first.value.value, str) else node.body


def _files(name: str, root: Path, listed: dict[str, frozenset[str]]) -> Iterator[str]:
    """The file of a module and those of the packages around it, if they exist.

    ``listed`` keeps the names in each folder: most names are no modules, and asking the disk for
    each takes long.
    """
    folder = ""
    for part in name.split("."):
        if f"{part}.py" in _names(root, folder, listed):
            yield f"{folder}{part}.py"
        folder = f"{folder}{part}/"
        if "__init__.py" in _names(root, folder, listed):
            yield f"{folder}__init__.py"


def _names(root: Path, folder: str, listed: dict[str, frozenset[str]]) -> frozenset[str]:
    """The Python files in a folder below ``root``, by their names; none if it does not exist."""
    if folder not in listed:
        try:
            with os.scandir(f"{root}/{folder}") as entries:
                found = (entry.name for entry in entries if entry.name.endswith(".py"))
                listed[folder] = frozenset(found)
        except (FileNotFoundError, NotADirectoryError):
            listed[folder] = frozenset()
    return listed[folder]
