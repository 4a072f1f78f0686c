"""Commands about what is served, and what follows."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from pathlib import Path

from recsys_lib.cli import _arms, _commands, _features, _monitor, _off_policy
from recsys_lib.cli.table.command import (
    CONFIG,
    DATASET,
    DATASET_OF_VERSION,
    JSON,
    NO_RULES,
    QUIET,
    VERSION,
    Command,
    argument,
    parameters_of,
)

_HIGHEST_PORT = 65535
_LAST_POSITION, _MOST_DAYS = 1_000, 10_000


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port: choose one from 1 to {_HIGHEST_PORT}")
    return int(text)


def _spark_setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ArgumentTypeError(f"{text!r} is no setting: write NAME=VALUE")
    return name.removeprefix("spark."), value


def _position(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LAST_POSITION:
        raise ArgumentTypeError(f"{text!r} is no place of a list: choose 1 to {_LAST_POSITION}")
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_DAYS:
        raise ArgumentTypeError(f"{text!r} is no number of days: choose 1 to {_MOST_DAYS:,}")
    return int(text)


def _enough(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 1 <= found < math.inf:
        raise ArgumentTypeError(f"{text!r} is no number of lists: give 1 or more")
    return found


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise ArgumentTypeError(f"{text!r} is no share: give a number between 0 and 1")
    return share


COMMANDS = (
    Command(
        "export",
        "write lists for all users and items as Parquet",
        "recsys export --n 20 --what users --out /data/lists",
        _commands.export,
        (
            DATASET_OF_VERSION,
            argument("--version", default="", help="id of a run (default: the champion)"),
            argument("--n", type=int, default=10, help="length of the lists"),
            argument(
                "--out",
                type=Path,
                metavar="FOLDER",
                help="where to write (default: outputs/exports/DATASET/VERSION)",
            ),
            argument(
                "--what",
                choices=["users", "items", "both"],
                help="which lists (default: both; users with --changed-since)",
            ),
            argument(
                "--by",
                choices=["served", "als"],
                default="served",
                help="lists of users: what the recommender answers, or ALS alone, much faster",
            ),
            argument(
                "--changed-since",
                metavar="VERSION",
                default="",
                help="only users who are new since this version or whose history has other items, "
                "another order or other ratings, and the ids of those who are gone; lists of "
                "others, which a new model may change, are not written (FOLDER: since-VERSION in "
                "the folder above)",
            ),
            argument(
                "--log",
                action="store_true",
                help="log the lists of users like served ones; their file gets a column list_id",
            ),
            argument(
                "--database",
                default="",
                metavar="URL",
                help="write the lists into tables of this database, too, all at once: such as "
                "postgresql+psycopg://shop:${PASSWORD}@host/shop, where the environment has "
                "PASSWORD",
            ),
            argument(
                "--engine",
                choices=["local", "spark"],
                default="local",
                help="where lists of users are made: here, or on the executors of a cluster",
            ),
            argument(
                "--spark",
                action="append",
                default=[],
                type=_spark_setting,
                metavar="NAME=VALUE",
                help="a setting of Spark, such as master=spark://HOST:7077 or executor.memory=4g",
            ),
            NO_RULES,
            QUIET,
        ),
    ),
    Command(
        "features",
        "write features as of times as Parquet, and a Feast repository",
        "recsys features --every 7 --out /data/features",
        _features.features,
        (
            DATASET_OF_VERSION,
            VERSION,
            argument(
                "--every",
                type=_days,
                metavar="DAYS",
                help="days from one time of the tables to the next (default: 30)",
            ),
            argument(
                "--out",
                type=Path,
                metavar="FOLDER",
                help="where to write (default: outputs/features/DATASET/VERSION)",
            ),
            QUIET,
        ),
    ),
    Command(
        "serve",
        "answer over HTTP from the champion",
        "recsys serve --dataset sample --port 8080\n"
        "recsys serve --challenger 20260301-0910 --share 0.1\n"
        "recsys serve --challenger 20260301-0910 --interleave",
        _commands.serve,
        (
            DATASET,
            argument("--host", default="127.0.0.1", help="address to listen on"),
            argument("--port", type=_port, default=8000, help="port to listen on"),
            argument(
                "--challenger",
                default="",
                metavar="RUN",
                help="a version to compare with the champion",
            ),
            argument(
                "--share", type=_share, metavar="SHARE", help="of the people who get the challenger"
            ),
            argument(
                "--interleave",
                action="store_true",
                help="lists of both versions by team draft, in place of --share",
            ),
            argument(
                "--explore",
                type=_position,
                metavar="POSITION",
                help="the place of lists that items without history get, by Thompson sampling",
            ),
            argument(
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
            DATASET,
            CONFIG,
            parameters_of("monitor", "a parameter: 'recsys params monitor' lists them"),
            argument("--all", action="store_true", help="print what is fine, too"),
            argument(
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
        (DATASET, JSON),
    ),
    Command(
        "offpolicy",
        "estimate how good a version is before anybody sees its lists",
        "recsys offpolicy 20260302-0315\n"
        "recsys offpolicy 20260302-0315 --outcome purchased --days 30",
        _off_policy.off_policy,
        (
            argument("version", metavar="RUN", help="the version"),
            DATASET_OF_VERSION,
            argument(
                "--outcome",
                choices=["clicked", "carted", "purchased"],
                default="clicked",
                help="what people are to do with items (default: clicked)",
            ),
            argument("--days", type=_days, default=90, help="how many to look back (default: 90)"),
            argument(
                "--enough",
                type=_enough,
                metavar="LISTS",
                help="effective number of random choices that an estimate takes (default: 100)",
            ),
            JSON,
        ),
    ),
)
