"""Commands about what changes between two runs."""

from __future__ import annotations

from pathlib import Path

from recsys_lib.cli import _feedback, _forget, _update
from recsys_lib.cli.table.command import (
    CONFIG,
    DATASET,
    NAMED_DATASET,
    QUIET,
    WAIT,
    Command,
    argument,
    parameters_of,
)

COMMANDS = (
    Command(
        "update",
        "take new events into the data and the served models, in seconds",
        "recsys update --dataset shop --events today.csv\n"
        "recsys update --dataset shop --products new.jsonl\n"
        "recsys update --dataset shop --weight cart=1",
        _update.update,
        (
            DATASET,
            argument(
                "--events",
                type=Path,
                metavar="FILE",
                help="interactions as JSON lines, CSV or Parquet (default: the feedback log, from "
                "where the last update stopped)",
            ),
            argument(
                "--products", type=Path, metavar="FILE", help="products that are new in the shop"
            ),
            argument(
                "--weight",
                type=_update.weight,
                action="append",
                default=[],
                metavar="TYPE=NUMBER",
                help="of a type of event, 0 to 1; events of a user with an item that add up to 1 "
                "are an interaction (default: purchase=1, cart=0.5, click=0.2)",
            ),
            CONFIG,
            parameters_of("etl", "how the files are read: 'recsys params etl' lists all"),
            WAIT,
            QUIET,
        ),
    ),
    Command(
        "feedback",
        "take events that another system logged into the feedback log",
        "recsys feedback import clicks.csv --dataset shop --type click --zone Europe/Berlin\n"
        "recsys feedback import shop.parquet --dataset shop --column type=action --unit ms\n"
        "recsys feedback import clicks.sql --dataset shop",
        _feedback.feedback,
        (
            argument("action", choices=["import"], help="what to do"),
            argument(
                "file",
                type=Path,
                metavar="FILE",
                help="events as JSON lines, CSV or Parquet, or a query as .sql",
            ),
            NAMED_DATASET,
            argument(
                "--column",
                type=_feedback.column,
                action="append",
                default=[],
                metavar="NAME=COLUMN",
                help="the column that is event_id, time, type, item_id, list_id, user_id or "
                "session_id (default: the one of that name)",
            ),
            argument(
                "--type",
                default="",
                metavar="TYPE",
                help="of all events: view, click, cart, purchase or dismiss (default: a column)",
            ),
            argument(
                "--unit", default="", metavar="UNIT", help="of times that are numbers: s, ms or us"
            ),
            argument(
                "--zone",
                default="",
                metavar="ZONE",
                help="of times that name none, such as Europe/Berlin",
            ),
            QUIET,
        ),
    ),
    Command(
        "forget",
        "remove users from data, log, models and outputs, for good",
        "recsys forget u17 --dataset shop\nrecsys forget u17 u18 --dataset shop --keep-old",
        _forget.forget,
        (
            argument("users", metavar="USER", nargs="+", help="ids, exactly as the data have them"),
            NAMED_DATASET,
            argument(
                "--keep-old",
                action="store_true",
                help="only list old versions and outputs that name them (default: remove them)",
            ),
            WAIT,
            QUIET,
        ),
    ),
)
