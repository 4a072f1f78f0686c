"""The options of a run on the command line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

_JOBS = min(2, os.cpu_count() or 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("--config", type=Path, metavar="FILE.yaml", help="parameters to change")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        dest="assignments",
        help="change one parameter, for example als.factors=64 or dataset=/data/shop",
    )
    parser.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE,VALUE",
        help="one run for each value (each combination, when given again), then a comparison",
    )
    parser.add_argument("--steps", default="", metavar="A,B", help="run only these steps")
    parser.add_argument("--from", dest="start", metavar="STEP", help="run from this step on")
    parser.add_argument("--force", action="store_true", help="run steps that could be cached, too")
    parser.add_argument("--plan", action="store_true", help="say what would run and why, and stop")
    parser.add_argument(
        "--jobs",
        type=int,
        default=_JOBS,
        metavar="N",
        help=f"run N steps side by side where they can ({_JOBS})",
    )
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="stop a step that takes longer (6 hours)"
    )
    parser.add_argument(
        "--wait", action="store_true", help="wait for another run of the dataset to end"
    )
    parser.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN_ID",
        help="go on with a run that failed or was interrupted, by default the last one",
    )
    parser.add_argument("--run-id", metavar="ID", help="name of the run's folder in outputs/")
    parser.add_argument(
        "--mlflow", action="store_true", help="log the run to the server at $MLFLOW_TRACKING_URI"
    )
    parser.add_argument("--quiet", action="store_true", help="print failures only")
