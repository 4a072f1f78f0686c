"""Execution of a run: its steps side by side, each a notebook in a kernel of its own."""

from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import LATEST, Run

__all__ = ["LATEST", "Run", "RunProgress"]
