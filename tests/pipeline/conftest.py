"""Small projects to run. Notebooks that fail on purpose are run by tests, not as tests."""

import pytest

from recsys_lib.paths import project_root
from tests.support.bench import Bench

collect_ignore_glob = ["notebooks/*"]


@pytest.fixture
def kernel_bench(workspace):
    """Two steps whose notebooks run in kernels, for tests of what kernels do."""
    (workspace / "recsys_lib").symlink_to(project_root() / "recsys_lib")
    return Bench(workspace)


@pytest.fixture
def bench(kernel_bench, monkeypatch):
    """The same without kernels, for tests of everything around a notebook."""
    from tests.support.in_process import run_in_process

    monkeypatch.setattr("recsys_lib.pipeline.execution.notebook.run_notebook", run_in_process)
    return kernel_bench
