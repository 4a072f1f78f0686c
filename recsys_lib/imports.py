"""Faster imports of large libraries."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from importlib.util import find_spec

from recsys_lib.errors import ParameterError

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""For a process that answers one question: threads would cost it more time than they save."""

INSTALL_TORCH = "pip install -c constraints.txt -e '.[torch]'"


@contextmanager
def without_collection() -> Iterator[None]:
    """Pause the garbage collector during a large import.

    Imported objects live as long as the process. Searching them for garbage again and again as
    they grow takes a quarter of the time of importing torch and the libraries built on it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def has_torch() -> bool:
    """Whether PyTorch is installed, which answers need only from models that run in it."""
    return find_spec("torch") is not None


def versions_of(
    distributions: Iterable[str], version: Callable[[str], str] = metadata.version
) -> dict[str, str]:
    """The versions of those that are installed; torch, for one, is not needed by every model."""
    found = {}
    for name in distributions:
        with suppress(metadata.PackageNotFoundError):
            found[name] = version(name)
    return found


def require_torch(what: str) -> None:
    """ParameterError unless PyTorch is installed; ``what`` needs it."""
    if not has_torch():
        raise ParameterError(f"{what} needs PyTorch, which is not installed: {INSTALL_TORCH}")


@contextmanager
def without_modules(*names: str) -> Iterator[None]:
    """Make optional modules look as if they were not installed, while others are imported."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not importable
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


NOT_FOR_NOTEBOOKS = "rfc3987_syntax"
"""jsonschema imports it, which takes 2.6 s, for a format that notebooks do not have."""
