"""The table of commands: their options, help and examples."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.arguments import Parser
from recsys_lib.cli import _arms, _ask, _benchmark, _commands, _doctor, _models, _monitor, _registry
from recsys_lib.paths import SAMPLE

Argument = tuple[tuple[str, ...], dict[str, Any]]
_HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Command:
    """One command of ``recsys``.

    Parameters
    ----------
    summary: what it does, in a few words.
    examples: command lines to copy, one a line.
    run: does it, and returns the exit code.
    arguments: of ``argparse``; or a function that declares them where that imports much.
    """

    name: str
    summary: str
    examples: str
    run: Callable[[Namespace], int]
    arguments: tuple[Argument, ...] | Callable[[Parser], None] = ()

    @property
    def description(self) -> str:
        """The summary as a sentence."""
        return f"{self.summary[0].upper()}{self.summary[1:]}."

    def declare(self, parser: Parser) -> None:
        """Add the arguments to a parser."""
        if callable(self.arguments):
            self.arguments(parser)
            return
        for names, settings in self.arguments:
            parser.add_argument(*names, **settings)


def _argument(*names: str, **settings: Any) -> Argument:
    return names, settings


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port: choose one from 1 to {_HIGHEST_PORT}")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise ArgumentTypeError(f"{text!r} is no share: give a number between 0 and 1")
    return share


_DATASET = _argument(
    "--dataset",
    default=SAMPLE,
    help="a dataset: its name in data/raw/ or in 'recsys runs', or the path of its folder",
)
_DATASET_OF_VERSION = _argument(
    "--dataset",
    help="name or folder of a dataset (default: the one that has the version, or sample)",
)
_ONLY_DATASET = _argument("--dataset", help=_commands.ONLY_RUNS)
_VERSION = _argument(
    "--version", default="", help="id of the run that trained it (default: the champion)"
)
_JSON = _argument("--json", action="store_true", help="print JSON, for other programs")
_TOP_K = _argument(
    "--top-k", "-n", type=_ask.count, default=10, metavar="N", help="most rows to print"
)
_WISHES = (
    _TOP_K,
    _argument("--category", metavar="NAME", help="only products of this category"),
    _argument("--brand", metavar="NAME", help="only products of this brand"),
    _argument("--store", metavar="NAME", help="only products of this store"),
    _argument("--min-price", type=float, metavar="PRICE", help="lowest price"),
    _argument("--max-price", type=float, metavar="PRICE", help="highest price"),
    _argument("--min-rating", type=float, metavar="STARS", help="lowest average rating"),
    _argument("--with-reviews", action="store_true", help="only products that somebody rated"),
    _argument("--in-stock", action="store_true", help="only products that can be had"),
    _argument(
        "--exclude", action="append", default=[], metavar="ITEM", help="leave out this item, too"
    ),
    _argument(
        "--diversity",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="0: best first; up to 1: more categories (default: 0)",
    ),
    _DATASET_OF_VERSION,
    _VERSION,
    _JSON,
)
_REASON = _argument(
    "--reason", default="", metavar="TEXT", help="why, for 'recsys models --history'"
)
_MLFLOW = _argument(
    "--mlflow",
    action="store_true",
    help="register what is served with the server at $MLFLOW_TRACKING_URI, as its alias champion",
)
_QUIET = _argument("--quiet", action="store_true", help="print failures only")

_ALL = (
    Command(
        "recommend",
        "recommend items to a user, and say why",
        "recsys recommend AHGKW2FIN35O3FAPCBMZ5SMUN7TZ\n"
        "recsys recommend AHGKW2FIN35O3FAPCBMZ5SMUN7TZ --max-price 20 --diversity 0.3\n"
        "recsys recommend AHGKW2FIN35O3FAPCBMZ5SMUN7TZ --explain B04V3T3QPT\n"
        "recsys recommend u17 --dataset shop --json | jq -r '.recommendations[].item_id'",
        _ask.recommend,
        (
            _argument("user", metavar="USER", help="id of a user of the training data"),
            _argument(
                "--explain",
                metavar="ITEM",
                help="print only why this item is in the list, or why it is not",
            ),
            _argument(
                "--repeats",
                choices=["exclude", "allow", "only"],
                default="exclude",
                help="items that the user has: leave them out, allow them, or nothing else",
            ),
            *_WISHES,
        ),
    ),
    Command(
        "similar",
        "show items like one item",
        "recsys similar B04V3T3QPT\nrecsys similar B04V3T3QPT --by text --top-k 5",
        _ask.similar,
        (
            _argument("item", metavar="ITEM", help="id of a rated item, or of a product"),
            _argument(
                "--by",
                choices=["als", "text", "blend"],
                help="liked by the same people; of similar text; or what would be recommended to "
                "somebody who took it alone (default: what the evaluation found best)",
            ),
            *_WISHES,
        ),
    ),
    Command(
        "search",
        "find products by words and by meaning",
        'recsys search "water filter for a french door fridge"\n'
        "recsys search dryer belt --max-price 20 --mode lexical",
        _ask.search,
        (
            _argument("words", metavar="WORDS", nargs="+", help="words, a sentence, or a code"),
            _argument(
                "--mode",
                choices=["hybrid", "semantic", "lexical"],
                help="by meaning and by words; by meaning; by words (default: as the index was "
                "built)",
            ),
            *_WISHES,
        ),
    ),
    Command(
        "models",
        "list the versions of the models; a star marks the one that is served",
        "recsys models --dataset sample\nrecsys models --history",
        _models.models,
        (
            _argument("--dataset", help="only versions of this dataset (default: all)"),
            _argument(
                "--history",
                action="store_true",
                help="list what was served when, why, and who decided that",
            ),
            _JSON,
        ),
    ),
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
            _argument(
                "runs",
                metavar="RUN",
                nargs="+",
                help="ids; the first run is compared with the others",
            ),
        ),
    ),
    Command(
        "promote",
        "verify a version of the models and serve it",
        "recsys promote ab12",
        _registry.promote,
        (
            _argument("version", metavar="VERSION", help="id of the run that trained it"),
            _DATASET_OF_VERSION,
            _argument(
                "--force",
                action="store_true",
                help="serve it even if it is worse than the champion beyond noise",
            ),
            _argument(
                "--pin",
                action="store_true",
                help="keep it: later runs train models, but promote none",
            ),
            _REASON,
            _MLFLOW,
        ),
    ),
    Command(
        "rollback",
        "serve again what was served before",
        'recsys rollback --reason "one item for everybody"\nrecsys rollback 2 --dataset shop',
        _registry.rollback,
        (
            _argument(
                "changes",
                type=_ask.count,
                nargs="?",
                default=1,
                metavar="N",
                help="how many changes to go back, see 'recsys models --history' (default: 1)",
            ),
            _argument(
                "--dataset", help="name or folder of a dataset (default: the only one served)"
            ),
            _REASON,
            _MLFLOW,
            _argument(
                "--no-pin",
                action="store_true",
                help="let the next run serve its models, which may be as bad",
            ),
        ),
    ),
    Command(
        "verify",
        "compare all files of a version with their recorded SHA-256",
        "recsys verify ab12\nrecsys verify --all",
        _registry.verify,
        (
            _argument(
                "version",
                metavar="VERSION",
                nargs="?",
                default="",
                help="id of the run that trained it (default: the champion)",
            ),
            _DATASET_OF_VERSION,
            _argument("--all", action="store_true", help="check all versions"),
        ),
    ),
    Command(
        "export",
        "write lists for all users and items as Parquet",
        "recsys export --n 20 --what users --out /data/lists",
        _commands.export,
        (
            _DATASET_OF_VERSION,
            _argument("--version", default="", help="id of a run (default: the champion)"),
            _argument("--n", type=int, default=10, help="length of the lists"),
            _argument(
                "--out",
                type=Path,
                metavar="FOLDER",
                help="where to write (default: outputs/exports/DATASET/VERSION)",
            ),
            _argument(
                "--what",
                choices=["users", "items", "both"],
                help="which lists (default: both; users with --changed-since)",
            ),
            _argument(
                "--by",
                choices=["served", "als"],
                default="served",
                help="lists of users: what the recommender answers, or ALS alone, much faster",
            ),
            _argument(
                "--changed-since",
                metavar="VERSION",
                default="",
                help="only users who are new since this version or whose history has other items, "
                "another order or other ratings, and the ids of those who are gone; lists of "
                "others, which a new model may change, are not written (FOLDER: since-VERSION in "
                "the folder above)",
            ),
            _QUIET,
        ),
    ),
    Command(
        "serve",
        "answer over HTTP from the champion",
        "recsys serve --dataset sample --port 8080\n"
        "recsys serve --challenger 20260301-0910 --share 0.1",
        _commands.serve,
        (
            _DATASET,
            _argument("--host", default="127.0.0.1", help="address to listen on"),
            _argument("--port", type=_port, default=8000, help="port to listen on"),
            _argument(
                "--challenger",
                default="",
                metavar="RUN",
                help="a version to compare with the champion",
            ),
            _argument(
                "--share", type=_share, metavar="SHARE", help="of the people who get the challenger"
            ),
            _argument(
                "--no-feedback",
                action="store_true",
                help="log no lists and take no events (default: data/feedback/<dataset>)",
            ),
        ),
    ),
    Command(
        "monitor",
        "say what to do: nothing, look, retrain or roll back",
        "recsys monitor --dataset sample\nrecsys monitor --set monitor.days=7 --no-page",
        _monitor.monitor,
        (
            _DATASET,
            _argument("--config", type=Path, metavar="FILE", help="parameters as YAML"),
            _argument(
                "--set",
                action="append",
                default=[],
                metavar="monitor.NAME=VALUE",
                help="a parameter: 'recsys params monitor' lists them",
            ),
            _argument("--all", action="store_true", help="print what is fine, too"),
            _argument(
                "--no-page",
                action="store_true",
                help="write no page (default: outputs/monitor/DATASET/05_monitor.html)",
            ),
        ),
    ),
    Command(
        "arms",
        "compare the champion with the challenger by what people did",
        "recsys arms --dataset shop",
        _arms.arms,
        (_DATASET, _JSON),
    ),
    Command(
        "download",
        "fetch a published dataset into data/raw/",
        "recsys download movielens:1m",
        _commands.download,
        (
            _argument("name", metavar="NAME", help="such as amazon2023:Appliances or movielens:1m"),
            _argument(
                "--base-url", default="", metavar="URL", help="a mirror that has the same files"
            ),
            _argument("--force", action="store_true", help="fetch it again"),
            _QUIET,
        ),
    ),
    Command(
        "doctor",
        "show how unknown files would be read",
        "recsys doctor data /data/shop --write shop.yaml",
        _doctor.doctor,
        (
            _argument("what", nargs="?", choices=["data"], default="data", help="can be left out"),
            _argument("path", type=Path, help="a folder of files, or one file of ratings"),
            _argument("--config", type=Path, metavar="FILE", help="parameters to start from"),
            _argument("--write", type=Path, metavar="FILE", help="write the configuration there"),
        ),
    ),
    Command(
        "benchmark",
        "run a public dataset and show our row among published ones",
        "recsys benchmark s3rec-beauty --data /data/s3rec",
        _benchmark.benchmark,
        (
            _argument(
                "name", metavar="NAME", nargs="?", help="such as games (default: list them all)"
            ),
            _argument(
                "--data",
                type=Path,
                metavar="FOLDER",
                help="where the files are (default: data/raw/NAME; fetched where possible)",
            ),
            _argument(
                "--set",
                action="append",
                default=[],
                metavar="SECTION.NAME=VALUE",
                help="a parameter of evaluate or als; not the published protocol any more",
            ),
            _argument("--json", type=Path, metavar="FILE", help="write the result there, too"),
        ),
    ),
    Command(
        "params",
        "list the parameters with their ranges and meanings",
        "recsys params als",
        _commands.params,
        (_argument("section", metavar="STEP", nargs="?", help="only this step (default: all)"),),
    ),
    Command(
        "clean",
        "remove old runs and their models",
        "recsys clean --keep 3 --dry-run",
        _commands.clean,
        _commands.declare_clean,
    ),
)

COMMANDS = {command.name: command for command in _ALL}
