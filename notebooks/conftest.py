"""Runs the committed notebooks as tests: in an empty workspace, on a small sample."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import pytest

SMALL = {
    "dataset": "'sample-1000'",
    "factors": "16",
    "iterations": "10",
    "version": "'draft'",
}
_HOME = TemporaryDirectory(prefix="recsys-notebooks-")
_PATCH = pytest.MonkeyPatch()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Append small values to each parameters cell, as papermill would."""
    for item in items:
        cell = getattr(item, "cell", None)
        if cell is not None and "parameters" in cell.metadata.get("tags", []):
            given = [f"{k} = {v}" for k, v in SMALL.items() if f"\n{k} = " in f"\n{cell.source}"]
            cell.source = "\n".join([cell.source, *given])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give all notebooks one workspace of their own; their kernels inherit it."""
    if hasattr(item, "cell"):
        _PATCH.setenv("RECSYS_HOME", _HOME.name)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Leave the environment as it was."""
    _PATCH.undo()
