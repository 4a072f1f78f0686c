"""Runs of the pipeline as a user starts them, in the workspace of a test."""

import json
import subprocess
import sys

from recsys_lib.paths import project_root

SMALL = (
    *("--set", "dataset=sample-1000", "--set", "als.factors=16", "--set", "embed.max_tokens=16"),
    *("--set", "evaluate.search_queries=10"),
)


def run_pipeline(workspace, *arguments):
    """Run it from another folder; returns the finished process."""
    return subprocess.run(
        [sys.executable, str(project_root() / "run_pipeline.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=workspace,
        check=False,
    )


def latest(workspace):
    return json.loads((workspace / "outputs" / "latest" / "run.json").read_text())
