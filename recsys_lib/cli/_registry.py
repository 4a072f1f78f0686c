"""Commands that choose which version is served, and check that its files are as written."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator

from recsys_lib import registry
from recsys_lib.cli._names import find_dataset, find_version
from recsys_lib.errors import EXIT_OK, ArtifactError, ParameterError
from recsys_lib.paths import SAMPLE, Dataset, workspace_root
from recsys_lib.places import known_places
from recsys_lib.programs import runnable


def version_or_champion(options: Namespace) -> tuple[Dataset, str]:
    """The dataset and the version that ``--dataset`` and ``--version`` name, if they do."""
    if options.version:
        return find_version(options.version, options.dataset, registry.published_versions)
    dataset = find_dataset(options.dataset or SAMPLE)
    return dataset, registry.require_champion(dataset).name


def promote(options: Namespace) -> int:
    """Make a version the champion."""
    _check_tracking(options)
    dataset, version = find_version(options.version, options.dataset, registry.published_versions)
    reason = _reason(options)
    registry.promote(dataset, version, force=options.force, pin=options.pin, reason=reason)
    until = ", until you promote another" if options.pin else ""
    print(f"dataset {dataset.name}: version {version} is served now{until}")
    _register(options, dataset)
    return EXIT_OK


def rollback(options: Namespace) -> int:
    """Serve what was served before, and say what was skipped."""
    _check_tracking(options)
    dataset = find_dataset(options.dataset) if options.dataset else _only_served()
    done = registry.rollback(
        dataset, options.changes, reason=_reason(options), pin=not options.no_pin
    )
    for problem in done.skipped:
        print(runnable(problem), file=sys.stderr)
    print(f"dataset {dataset.name}: version {done.version} is served now, not {done.left}")
    if not options.no_pin:
        print(
            "it is pinned: runs train, but serve nothing until 'recsys promote VERSION "
            f"--dataset {dataset.name}'"
        )
    _register(options, dataset)
    return EXIT_OK


def verify(options: Namespace) -> int:
    """Print a line for each part of a version, all of whose files are as they were written."""
    if options.all:
        return _verify_all(options)
    dataset, version = version_or_champion(options)
    parts = registry.verify(dataset, version)
    print(f"version {version} of dataset {dataset.name} is as it was published")
    for part in parts:
        print(f"{part.name:<10} {part.files:>3} files {part.bytes / 2**20:>10,.1f} MB")
    return EXIT_OK


def _verify_all(options: Namespace) -> int:
    """A line for each version; those that are damaged do not keep others from being checked."""
    if options.version:
        raise ParameterError("name a version, or check them with --all, not both")
    damaged = 0
    for dataset in _datasets(options.dataset):
        for version in registry.published_versions(dataset):
            try:
                parts = registry.verify(dataset, version)
            except ArtifactError as error:
                damaged += 1
                print(runnable(str(error)), file=sys.stderr)
                continue
            size = sum(part.bytes for part in parts) / 2**20
            whole = f"version {version} of dataset {dataset.name} is as it was published"
            print(f"{whole}, {size:,.1f} MB")
        damaged += _say_removed(dataset)
    return ArtifactError.exit_code if damaged else EXIT_OK


def _say_removed(dataset: Dataset) -> bool:
    """Whether the version that is to be served is gone, or cannot be told."""
    try:
        problem = registry.removed_champion(dataset)
    except ArtifactError as error:
        problem = str(error)
    if problem:
        print(runnable(problem), file=sys.stderr)
    return bool(problem)


def _check_tracking(options: Namespace) -> None:
    """Find out whether MLflow can be told before anything is changed."""
    if options.mlflow:
        from recsys_lib.pipeline.runs import check_tracking

        check_tracking()


def _register(options: Namespace, dataset: Dataset) -> None:
    """Tell MLflow what is served now."""
    if options.mlflow:
        from recsys_lib.pipeline.runs import register_champion

        print(f"registered: {register_champion(dataset)}")


def _only_served() -> Dataset:
    """The only dataset that was ever served: a rollback must not change another one."""
    served = [one for one in _datasets(None) if registry.read_history(one).changes]
    if len(served) > 1:
        names = ", ".join(one.name for one in served)
        raise ParameterError(f"which dataset is to be rolled back? Add --dataset ({names})")
    return served[0] if served else Dataset.find(SAMPLE)


def _datasets(named: str | None) -> Iterator[Dataset]:
    if named:
        yield find_dataset(named)
        return
    root = workspace_root()
    yield from (Dataset.from_place(place, root) for place in sorted(known_places(root)))


def _reason(options: Namespace) -> str:
    """The reason on one line, without what could steer a terminal."""
    from recsys_lib.display.terminal import one_line

    return one_line(options.reason)
