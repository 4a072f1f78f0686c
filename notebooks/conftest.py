"""Runs the committed notebooks as tests: in an empty workspace, on a small sample."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.support.small_notebooks import with_small_values, write_run

_SLOW = ("notebooks/explorer.ipynb", "notebooks/tune_als.ipynb")
"""What fast tests cover outside of their notebooks: panels and studies."""
_LONG = (
    "notebooks/",
    "tests/pipeline/test_end_to_end.py",
    "tests/pipeline/test_killed_runs.py",
    "tests/pipeline/test_real_data.py",
)
_HOME = TemporaryDirectory(prefix="recsys-notebooks-")
_RUNS = {"one": 16, "two": 32}
"""Runs for compare_runs: id -> factors."""
_PATCH = pytest.MonkeyPatch()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Keep all notebooks in one process: each reads what the one before it wrote."""
    return _NotebooksTogether(config, log)


class _NotebooksTogether(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "notebooks" if file.endswith(".ipynb") else file


@pytest.hookimpl(tryfirst=True)  # before "-m" selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Append small values to each parameters cell, as papermill would; begin with what is long.

    Otherwise the longest files would run last and alone.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
    for item in items:
        if item.nodeid.startswith(_SLOW):
            item.add_marker(pytest.mark.slow)
        cell = getattr(item, "cell", None)
        if cell is not None and "parameters" in cell.metadata.get("tags", []):
            cell.source = with_small_values(cell.source)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Run all notebooks in one workspace of their own; their kernels inherit it."""
    if hasattr(item, "cell"):
        _PATCH.setenv("RECSYS_HOME", _HOME.name)
        if "PYTEST_XDIST_WORKER" in os.environ:  # one process per core runs already
            _PATCH.setenv("OMP_NUM_THREADS", "1")
        for day, (run_id, factors) in enumerate(_RUNS.items(), start=1):
            write_run(Path(_HOME.name), run_id, factors=factors, day=day)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Leave the environment as it was."""
    _PATCH.undo()
