"""A run without work starts fast: it imports no library that only work needs."""

import json
import subprocess
import sys

from recsys_lib.paths import project_root

SLOW = (
    "numpy",
    "polars",
    "pandas",
    "scipy",
    "torch",
    "nbconvert",
    "papermill",
    "asyncio",
    "IPython",
)


def test_what_a_run_without_work_imports_is_light(workspace):
    code = (
        "import json, sys, recsys_lib.pipeline, recsys_lib.pipeline.report, "
        "recsys_lib.registry.versions; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project_root(), capture_output=True, text=True, check=True
    )
    assert not set(SLOW) & set(json.loads(done.stdout))
