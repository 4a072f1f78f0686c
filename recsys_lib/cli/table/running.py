"""Commands about runs of the pipeline."""

from __future__ import annotations

from recsys_lib.cli import _commands, _retrain
from recsys_lib.cli.table.command import CONFIG, QUIET, WAIT, Command, argument, parameters_of

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
        "retrain",
        "train if there is something new to learn, or watch what was promoted",
        "recsys retrain --dataset shop\nrecsys retrain --config shop.yaml --wait --quiet\n"
        "recsys retrain --dataset shop --watch",
        _retrain.retrain,
        (
            argument(
                "--dataset",
                default="",
                help="a dataset: its name, or the path of its folder (default: that of --config, "
                "or the sample)",
            ),
            CONFIG,
            parameters_of("SECTION", "a parameter: 'recsys params' lists all"),
            argument("--force", action="store_true", help="train all steps even if nothing is new"),
            argument(
                "--watch",
                action="store_true",
                help="train nothing; roll back if the served version gets fewer clicks, or has "
                "more empty or slow lists, than the one before",
            ),
            WAIT,
            QUIET,
        ),
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
