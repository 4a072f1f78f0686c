"""Versions of a dataset's models: published with a manifest, one of them the champion."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from recsys_lib.errors import ArtifactError, NotTrainedError
from recsys_lib.files import link_or_copy, replacing_folder
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.registry.manifest import (
    VerifiedPart,
    damaged_files,
    foreign_files,
    parts_of,
)
from recsys_lib.registry.parts import (
    MANIFEST,
    PARTS,
    SEARCH_PART,
    champion,
    has_part,
)

FIRST_SEARCH = "-first"
"""How the names of versions end that are served until a run has made its own."""


def require_champion(dataset: Dataset) -> Path:
    """Folder of the version that is served.

    Raises NotTrainedError, which says what to run, if there is none, and ArtifactError if it was
    removed.
    """
    folder = champion(dataset)
    if folder is None and (versions := published_versions(dataset)):
        raise NotTrainedError(
            f"no version of dataset {dataset.name!r} is served yet: 'recsys promote VERSION "
            f"--dataset {dataset.name}' serves one (there is {', '.join(versions)})"
        )
    if folder is None:
        raise NotTrainedError(
            f"no model of dataset {dataset.name!r} is trained yet: {run_command(dataset)}"
        )
    if removed := removed_champion(dataset):
        raise ArtifactError(removed)
    return folder


def removed_champion(dataset: Dataset) -> str:
    """What to do if the version that is to be served was removed; "" if it is there."""
    folder = champion(dataset)
    if folder is None or folder.is_dir():
        return ""
    others = published_versions(dataset)
    promote = f"'recsys promote VERSION --dataset {dataset.name}' (there is {', '.join(others)})"
    remedy = f"serve another one: {promote}" if others else run_command(dataset)
    return f"version {folder.name!r} is to be served, but {folder} was removed: {remedy}"


def run_command(dataset: Dataset, options: str = "") -> str:
    """What a user types to train this dataset."""
    command = f"python run_pipeline.py --set dataset={shlex.quote(dataset.argument)} {options}"
    return f"run '{command.strip()}'"


def published_versions(dataset: Dataset) -> list[str]:
    """Names of the versions that can be promoted, sorted."""
    return sorted(path.parent.name for path in dataset.models.glob(f"[!.]*/{MANIFEST}"))


def is_first_search(dataset: Dataset, version: str) -> bool:
    """Whether a version is served until a run has its own: of search alone, and made by no run."""
    folder = dataset.version(version)
    return (
        version.endswith(FIRST_SEARCH)
        and not (outputs_root(dataset.root) / version).exists()
        and [part for part in PARTS if has_part(folder, part)] == [SEARCH_PART]
    )


def remove_first_searches(dataset: Dataset) -> None:
    """Remove those that are not served any more: a run has made what they stood in for."""
    served = champion(dataset)
    for version in published_versions(dataset):
        folder = dataset.version(version)
        if folder != served and is_first_search(dataset, version):
            shutil.rmtree(folder)


def adopt(dataset: Dataset, version: str, name: str, source: Path | None = None) -> bool:
    """Give ``version`` the folder ``name`` of another version, unless it has its own.

    ``source`` is the other version's folder, by default the champion's, unless that is a first
    search: a run is to make its own. Files are hard links where the disk allows it. Returns whether
    the version has the folder now.
    """
    folder = dataset.version(version) / name
    if folder.is_dir():
        return True
    if source is None:
        source = champion(dataset)
        if source is not None and is_first_search(dataset, source.name):
            return False
    if source is None or not (source / name).is_dir():
        return False
    with replacing_folder(folder) as temporary:
        shutil.copytree(source / name, temporary, copy_function=link_or_copy, dirs_exist_ok=True)
    return True


def verify(dataset: Dataset, version: str = "") -> list[VerifiedPart]:
    """Compare every file of a version with the SHA-256 recorded when it was written.

    Parameters
    ----------
    dataset
        Whose version.
    version
        A published version; the champion by default.

    Returns
    -------
    list of VerifiedPart
        The parts, with the number and total size of their files.

    Raises
    ------
    ArtifactError
        If a file is damaged or missing, or does not belong to the version; the message names each
        one and the remedy. Also if there is no such version.
    NotTrainedError
        If there is no champion.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from recsys_lib.registry import publish, writing_part
    >>> shop = Dataset.find("shop", Path(mkdtemp()))
    >>> options = {"parameters": {}, "data_fingerprint": "f", "libraries": ["numpy"]}
    >>> with writing_part(shop.version("v1") / "als", **options) as folder:
    ...     _ = (folder / "notes.txt").write_text("factors")
    >>> _ = publish(shop, "v1")
    >>> [(part.name, part.files) for part in verify(shop)]
    [('als', 2)]
    """
    folder = dataset.version(version) if version else require_champion(dataset)
    damaged, foreign = damaged_files(folder), foreign_files(folder)
    if damaged:
        damaged.append(
            "To replace damaged and missing files, train the models again: "
            + run_command(dataset, "--force")
        )
    if damaged or foreign:
        raise ArtifactError("\n".join([*foreign, *damaged]))
    return parts_of(folder)
