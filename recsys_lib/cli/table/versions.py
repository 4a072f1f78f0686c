"""Commands about trained versions."""

from __future__ import annotations

from recsys_lib.cli import _ask, _models, _objects, _registry
from recsys_lib.cli.table.command import DATASET_OF_VERSION, JSON, VERSION, Command, argument

_REASON = argument(
    "--reason", default="", metavar="TEXT", help="why, for 'recsys models --history'"
)
_MLFLOW = argument(
    "--mlflow",
    action="store_true",
    help="register what is served with the server at $MLFLOW_TRACKING_URI, as its alias champion",
)
_URL = argument("url", metavar="URL", help="s3://, gs://, abfs:// or another of fsspec")

COMMANDS = (
    Command(
        "models",
        "list the versions of the models; a star marks the one that is served",
        "recsys models --dataset sample\nrecsys models --history",
        _models.models,
        (
            argument("--dataset", help="only versions of this dataset (default: all)"),
            argument(
                "--history",
                action="store_true",
                help="list what was served when, why, and who decided that",
            ),
            JSON,
        ),
    ),
    Command(
        "promote",
        "verify a version of the models and serve it",
        "recsys promote ab12",
        _registry.promote,
        (
            argument("version", metavar="VERSION", help="id of the run that trained it"),
            DATASET_OF_VERSION,
            argument(
                "--force",
                action="store_true",
                help="serve it even if it is worse than the champion beyond noise",
            ),
            argument(
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
            argument(
                "changes",
                type=_ask.count,
                nargs="?",
                default=1,
                metavar="N",
                help="how many changes to go back, see 'recsys models --history' (default: 1)",
            ),
            argument(
                "--dataset", help="name or folder of a dataset (default: the only one served)"
            ),
            _REASON,
            _MLFLOW,
            argument(
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
            argument(
                "version",
                metavar="VERSION",
                nargs="?",
                default="",
                help="id of the run that trained it (default: the champion)",
            ),
            DATASET_OF_VERSION,
            argument("--all", action="store_true", help="check all versions"),
        ),
    ),
    Command(
        "push",
        "copy a version and the report of its run into object storage",
        "recsys push s3://models/recsys --dataset shop",
        _objects.push,
        (_URL, DATASET_OF_VERSION, VERSION),
    ),
    Command(
        "pull",
        "copy a version from object storage, and verify it",
        "recsys pull s3://models/recsys --dataset shop",
        _objects.pull,
        (
            _URL,
            argument("--dataset", required=True, help="the name under which it was pushed"),
            argument("--version", default="", help="its name (default: the one pushed last)"),
        ),
    ),
)
