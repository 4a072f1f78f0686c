"""Commands about runs of the pipeline."""

from __future__ import annotations

from recsys_lib.cli import _commands
from recsys_lib.cli.table.command import Command, argument

_ONLY_DATASET = argument("--dataset", help=_commands.ONLY_RUNS)

COMMANDS = (
    Command(
        "run",
        "run the pipeline, like run_pipeline.py",
        "recsys run --set dataset=/data/shop --set als.factors=64",
        _commands.run,
        _commands.declare_run,
    ),
    Command(
        "runs",
        "list the runs; a star marks the champion",
        "recsys runs --dataset sample",
        _commands.runs,
        (_ONLY_DATASET,),
    ),
    Command(
        "compare",
        "show parameters and metrics of runs side by side",
        "recsys compare ab12 cd34",
        _commands.compare,
        (
            argument(
                "runs",
                metavar="RUN",
                nargs="+",
                help="ids; the first run is compared with the others",
            ),
        ),
    ),
    Command(
        "params",
        "list the parameters with their ranges and meanings",
        "recsys params als",
        _commands.params,
        (argument("section", metavar="STEP", nargs="?", help="only this step (default: all)"),),
    ),
    Command(
        "clean",
        "remove old runs and their models",
        "recsys clean --keep 3 --dry-run",
        _commands.clean,
        _commands.declare_clean,
    ),
)
