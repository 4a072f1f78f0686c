"""Commands about datasets."""

from __future__ import annotations

from pathlib import Path

from recsys_lib.cli import _benchmark, _commands, _doctor, _objects
from recsys_lib.cli.table.command import QUIET, Command, argument, parameters_of

COMMANDS = (
    Command(
        "download",
        "fetch a published dataset into data/raw/",
        "recsys download movielens:1m",
        _commands.download,
        (
            argument("name", metavar="NAME", help="such as amazon2023:Appliances or movielens:1m"),
            argument(
                "--base-url", default="", metavar="URL", help="a mirror that has the same files"
            ),
            argument("--force", action="store_true", help="fetch it again"),
            QUIET,
        ),
    ),
    Command(
        "fetch",
        "copy what changed in object storage into data/raw/",
        "recsys fetch s3://exports/shop shop",
        _objects.fetch,
        (
            argument("url", metavar="URL", help="s3://, gs://, abfs:// or another of fsspec"),
            argument("name", metavar="NAME", help="of the dataset"),
            QUIET,
        ),
    ),
    Command(
        "doctor",
        "show how unknown files would be read",
        "recsys doctor data /data/shop --write shop.yaml",
        _doctor.doctor,
        (
            argument("what", nargs="?", choices=["data"], default="data", help="can be left out"),
            argument("path", type=Path, help="a folder of files, or one file of ratings"),
            argument("--config", type=Path, metavar="FILE", help="parameters to start from"),
            argument("--write", type=Path, metavar="FILE", help="write the configuration there"),
        ),
    ),
    Command(
        "benchmark",
        "run a public dataset and show our row among published ones",
        "recsys benchmark s3rec-beauty --data /data/s3rec",
        _benchmark.benchmark,
        (
            argument(
                "name", metavar="NAME", nargs="?", help="such as games (default: list them all)"
            ),
            argument(
                "--data",
                type=Path,
                metavar="FOLDER",
                help="where the files are (default: data/raw/NAME; fetched where possible)",
            ),
            parameters_of(
                "SECTION",
                "a parameter of evaluate or als; not the published protocol any more",
            ),
            argument("--json", type=Path, metavar="FILE", help="write the result there, too"),
        ),
    ),
)
