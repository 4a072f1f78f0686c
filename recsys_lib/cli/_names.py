"""Datasets, runs and versions by what a user types: a name, a part of it, or a path."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from recsys_lib.errors import ParameterError, full_name
from recsys_lib.paths import SAMPLE, Dataset, dataset_names, outputs_root, workspace_root
from recsys_lib.places import SAMPLE_NAME, known_places

Versions = Callable[[Dataset], Sequence[str]]
"""Names of the versions of a dataset that a command can use."""

_NO_MODELS = {
    "succeeded": "it made none, or they were removed",
    "failed": "it failed",
    "interrupted": "it was interrupted",
    "running": "it has not ended",
}
"""Why a run of this status has no models."""


def find_dataset(text: str, others: Iterable[str] = ()) -> Dataset:
    """A dataset by its name or a part of it, or by the path of its folder.

    ``others`` are names beside those that data/ and models/ have.
    """
    if "/" in text or text.startswith("~") or text in (".", ".."):
        return Dataset.find(Path(text).expanduser().resolve())
    if SAMPLE_NAME.fullmatch(text):
        return Dataset.find(text)
    return Dataset.find(full_name(text, sorted({*dataset_names(), *others}), "dataset"))


def name_with_runs(text: str | None) -> str | None:
    """The name of a dataset that has runs, or could have; None when no dataset is given."""
    from recsys_lib.pipeline.runs import records_of

    if not text:
        return None
    return find_dataset(text, {record["dataset"] for record in records_of(outputs_root())}).name


def find_version(text: str, dataset: str | None, versions: Versions) -> tuple[Dataset, str]:
    """A version by its name or a part of it, and the dataset that has it.

    Parameters
    ----------
    text: what the user typed.
    dataset: where to look; None for all datasets.
    versions: which versions of a dataset count.
    """
    if dataset is None:
        return _find_anywhere(text, versions)
    mine = find_dataset(dataset)
    known = versions(mine)
    if not _fits(text, known):
        _refuse_of_another(text, mine, versions)
        _refuse_without_models(text, mine, known)
    return mine, full_name(text, known, f"version of dataset {mine.name!r}")


def _find_anywhere(text: str, versions: Versions) -> tuple[Dataset, str]:
    owners = _owners(versions)
    if not _fits(text, owners):
        _refuse_without_models(text, Dataset.find(SAMPLE), owners)
    version = full_name(text, sorted(owners), "version")
    if len(owners[version]) > 1:
        names = " and ".join(owner.name for owner in owners[version])
        raise ParameterError(f"version {version!r} is in the datasets {names}: add --dataset")
    return owners[version][0], version


def _fits(text: str, known: Iterable[str]) -> bool:
    return any(text in name for name in known)


def _owners(versions: Versions) -> dict[str, list[Dataset]]:
    """Name of a version -> the datasets that have one of this name."""
    owners: dict[str, list[Dataset]] = {}
    root = workspace_root()
    for place in sorted(known_places(root)):
        dataset = Dataset.from_place(place, root)
        for version in versions(dataset):
            owners.setdefault(version, []).append(dataset)
    return owners


def _refuse_of_another(text: str, dataset: Dataset, versions: Versions) -> None:
    """ParameterError when the version is one of another dataset."""
    owners = {name: of for name, of in _owners(versions).items() if text in name}
    for version, datasets in owners.items():
        if len(owners) == 1:
            names = " and ".join(repr(owner.name) for owner in datasets)
            raise ParameterError(
                f"version {version!r} is of dataset {names}, not of {dataset.name!r}: "
                "leave out --dataset, or correct it"
            )


def _refuse_without_models(text: str, dataset: Dataset, known: Iterable[str]) -> None:
    """Say why there is no version, when a run is named or when nothing is trained yet."""
    from recsys_lib.pipeline.runs import records_of
    from recsys_lib.registry import require_champion

    runs = [record for record in records_of(outputs_root()) if text in record["run_id"]]
    if len(runs) == 1:
        run = runs[0]
        raise ParameterError(
            f"run {run['run_id']!r} of dataset {run['dataset']!r} has no models: "
            f"{_NO_MODELS[run['status']]}"
        )
    if not known:
        require_champion(dataset)  # the error says what to run
