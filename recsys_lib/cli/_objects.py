"""Commands that copy datasets and versions from and to object storage."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from argparse import Namespace

from recsys_lib.cli._registry import version_or_champion
from recsys_lib.errors import EXIT_OK
from recsys_lib.paths import Dataset


def fetch(options: Namespace) -> int:
    """Copy what changed under a URL into data/raw/, and say what that was."""
    from recsys_lib.data.objects import fetch_dataset

    done = fetch_dataset(options.url, options.name)
    for name in done.gone:
        print(f"{done.folder / name} is no longer at the URL: delete it to leave it out")
    if not options.quiet:
        for name in done.fetched:
            print(f"fetched {name}")
        print(
            f"{done.folder}: {len(done.fetched):,} files fetched, {len(done.unchanged):,} unchanged"
        )
    return EXIT_OK


def push(options: Namespace) -> int:
    """Copy a version to a URL, and say how much was sent."""
    from recsys_lib.serving.export.object_storage import push_version

    dataset, version = version_or_champion(options)
    sent = push_version(options.url, dataset, version)
    print(f"dataset {dataset.name}: version {version} is there now, {len(sent):,} files sent")
    return EXIT_OK


def pull(options: Namespace) -> int:
    """Copy a version from a URL, and say how it is served."""
    from recsys_lib.serving.export.object_storage import pull_version

    dataset = Dataset.find(options.dataset)
    version = pull_version(options.url, dataset, options.version)
    print(f"dataset {dataset.name}: version {version} is here, as it was published")
    print(f"recsys promote {version} --dataset {dataset.name}")
    return EXIT_OK
