"""Runs the committed notebooks as tests: in an empty workspace, on a small sample."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from recsys_lib.paths import outputs_root
from recsys_lib.pipeline import read_values
from recsys_lib.pipeline.runs import RunRecord

SMALL = {
    "dataset": "'sample-1000'",
    "factors": "16",
    "iterations": "10",
    "max_tokens": "16",
    "search_queries": "20",
    "version": "'draft'",
}
TUNING = {"factors": "[8, 16]", "iterations": "3", "trials": "2", "users": "200"}
"""The same for tune_als, where some of these names are ranges."""
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
            source = f"\n{cell.source}"
            small = {**SMALL, **TUNING} if "\ntrials = " in source else SMALL
            given = [f"{k} = {v}" for k, v in small.items() if f"\n{k} = " in source]
            cell.source = "\n".join([cell.source, *given])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Run all notebooks in one workspace of their own; their kernels inherit it."""
    if hasattr(item, "cell"):
        _PATCH.setenv("RECSYS_HOME", _HOME.name)
        if "PYTEST_XDIST_WORKER" in os.environ:  # one process per core runs already
            _PATCH.setenv("OMP_NUM_THREADS", "1")
        _write_runs(Path(_HOME.name))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Leave the environment as it was."""
    _PATCH.undo()


def _write_runs(home: Path) -> None:
    for number, (run_id, factors) in enumerate(_RUNS.items(), start=1):
        settings = read_values({"dataset": "sample-1000", "als": {"factors": factors}})
        RunRecord(
            run_id=run_id,
            dataset=settings.dataset.name,
            parameters=settings.as_dict(),
            changed_parameters=settings.changed,
            started_at=f"2026-01-0{number}T03:15:00.000Z",
            steps=[],
            git={"commit": None, "dirty": None},
            environment={"python": "3.11", "packages": {}},
            status="succeeded",
            metrics={"als.ndcg@10": factors / 100, "als.ndcg@10.ci95": 0.01},
        ).save(outputs_root(home) / run_id)
