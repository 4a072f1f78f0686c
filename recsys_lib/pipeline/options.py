"""The options of a run on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from recsys_lib.pipeline.steps import Step
from recsys_lib.processors import processors

_JOBS = min(2, processors())


def add_arguments(parser: argparse.ArgumentParser, table: Sequence[Step] = ()) -> None:
    """Declare the options of ``run_pipeline.py`` and ``recsys run``; help names the steps."""
    add = parser.add_argument
    add("--config", type=Path, metavar="FILE.yaml", help="read parameters from this file")
    add(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        dest="assignments",
        help="set one parameter, for example als.factors=64 or dataset=/data/shop",
    )
    add(
        "--grid",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE,VALUE",
        help="one run per value (per combination if given again), then a comparison",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--steps", default="", metavar="A,B", help=_about_steps(table))
    which.add_argument(
        "--from", dest="start", metavar="STEP", help="run this step and those after it"
    )
    add("--force", action="store_true", help="run steps even if their results are cached")
    add("--plan", action="store_true", help="print what would run and why, then stop")
    add(
        "--jobs",
        type=int,
        default=_JOBS,
        metavar="N",
        help=f"run up to N steps side by side (default: {_JOBS})",
    )
    add(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="stop a step that takes longer (default: 6 hours)",
    )
    add("--wait", action="store_true", help="wait for another run of the dataset to end")
    add(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN_ID",
        help="resume a run that failed or was interrupted (default: the newest one)",
    )
    add("--run-id", metavar="ID", help="name of the run's folder in outputs/")
    add(
        "--mlflow",
        action="store_true",
        help="log the run to the server at $MLFLOW_TRACKING_URI, and register what is served",
    )
    add("--quiet", action="store_true", help="print failures only")


def _about_steps(table: Sequence[Step]) -> str:
    usual = ", ".join(step.name for step in table if not step.on_request)
    others = " and ".join(step.name for step in table if step.on_request)
    names = f": {usual}" if usual else ""
    return f"run only these steps{names}" + (f"; {others} only if named here" if others else "")
