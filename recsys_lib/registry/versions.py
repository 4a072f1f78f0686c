"""Versions of a dataset's models: published with a manifest, one of them the champion."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_lib.errors import ArtifactError, NotTrainedError, WorseError
from recsys_lib.files import fingerprint, link_or_copy, replacing_folder, write_json
from recsys_lib.paths import Dataset
from recsys_lib.registry.manifest import (
    VerifiedPart,
    damaged_files,
    foreign_files,
    parts_of,
    read_manifest,
    utc_now,
    write_manifest,
)
from recsys_lib.registry.parts import (
    ALS_PART,
    BLEND_PART,
    CHAMPION,
    EVALUATION,
    MANIFEST,
    PART_MANIFEST,
    PER_USER_FILE,
    SEARCH_PART,
    champion,
    content_digest,
)

if TYPE_CHECKING:
    from recsys_lib.registry.gate import Verdict


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


def adopt(dataset: Dataset, version: str, name: str, source: Path | None = None) -> bool:
    """Give ``version`` the folder ``name`` of another version, unless it has its own.

    ``source`` is the other version's folder, by default the champion's. Files are hard links where
    the disk allows it. Returns whether the version has the folder now.
    """
    folder, source = dataset.version(version) / name, source or champion(dataset)
    if folder.is_dir():
        return True
    if source is None or not (source / name).is_dir():
        return False
    with replacing_folder(folder) as temporary:
        shutil.copytree(source / name, temporary, copy_function=link_or_copy, dirs_exist_ok=True)
    return True


def against_champion(dataset: Dataset, version: str) -> Verdict | None:
    """A version compared with the champion, on the same test users.

    None if there is no other champion, or one of the two was not evaluated.
    """
    from recsys_lib.registry.gate import compare_versions  # noqa: PLC0415  # slow import

    served = champion(dataset)
    return compare_versions(dataset.version(version), served) if served else None


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
    >>> from recsys_lib.registry import writing_part
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


def promote(
    dataset: Dataset,
    version: str,
    *,
    force: bool = False,
    pin: bool = False,
    by_hand: bool = True,
) -> Verdict | None:
    """Make a published version the champion, the one that is served.

    Parameters
    ----------
    dataset
        Whose version.
    version
        Its name: the id of the run that trained it.
    force
        Promote it without comparing it with the champion.
    pin
        Keep it until the next promotion by hand: runs train, but promote nothing.
    by_hand
        Whether a person chose it. Then a run that makes nothing anew leaves it the champion.

    Returns
    -------
    How it compares with the champion before; None where the two were not compared.

    Raises
    ------
    ArtifactError
        If no version of this name was published, or its files are not as recorded.
    WorseError
        If it is worse than the champion beyond noise, unless ``force`` is set.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from recsys_lib.registry import writing_part
    >>> shop = Dataset.find("shop", Path(mkdtemp()))
    >>> options = {"parameters": {}, "data_fingerprint": "f", "libraries": ["numpy"]}
    >>> for version in ("v1", "v2"):
    ...     with writing_part(shop.version(version) / "als", **options) as folder:
    ...         _ = (folder / "notes.txt").write_text(version)
    ...     _ = publish(shop, version)
    >>> _ = promote(shop, "v1")
    >>> champion(shop).name
    'v1'
    """
    if not (dataset.version(version) / MANIFEST).is_file():
        raise ArtifactError(
            f"dataset {dataset.name!r} has no published version {version!r}: "
            f"there is {', '.join(published_versions(dataset)) or 'none'}"
        )
    verify(dataset, version)
    compared = not force and _is_readable(dataset) and not _measured_alike(dataset, version)
    verdict = against_champion(dataset, version) if compared else None
    if verdict is not None and verdict.judgement == "worse":
        raise WorseError(
            f"version {version} is {verdict}; to serve it anyway: "
            f"'recsys promote {version} --dataset {dataset.name} --force'"
        )
    chosen = {"version": version, "since": utc_now(), "by_hand": by_hand, "pinned": pin}
    write_json(dataset.models / CHAMPION, chosen)
    return verdict


def _is_as_served(dataset: Dataset, version: str, part: str) -> bool:
    """Whether a version has a part like that of the champion; it may have been trained anew."""
    served = champion(dataset)
    mine = dataset.version(version) / part / PART_MANIFEST
    theirs = served / part / PART_MANIFEST if served else None
    if theirs is None or not mine.is_file() or not theirs.is_file():
        return False
    return content_digest(mine) == content_digest(theirs)


def _measured_alike(dataset: Dataset, version: str) -> bool:
    """Whether the evaluation found the same for each user as that of the champion."""
    served = champion(dataset)
    mine = dataset.version(version) / EVALUATION / PER_USER_FILE
    theirs = served / EVALUATION / PER_USER_FILE if served else mine
    return all(map(Path.is_file, (mine, theirs))) and fingerprint(mine) == fingerprint(theirs)


def _is_readable(dataset: Dataset) -> bool:
    """Whether the champion is known; a promotion mends an entry that is damaged."""
    try:
        champion(dataset)
    except ArtifactError:
        return False
    return True


def publish(dataset: Dataset, version: str, *, serve: bool = True) -> dict[str, Any]:
    """Write the manifest of a version and, by default, promote it.

    A part that was not trained anew comes from the champion. The evaluation and the blend come
    only with an ALS part like the one they were made with. What an evaluation says about search
    counts only for the search part it measured.

    Parameters
    ----------
    dataset
        Whose version.
    version
        Its name; ``models/<dataset>/<version>/`` holds the parts that were trained.
    serve
        Whether to promote it.

    Returns
    -------
    dict
        The manifest: files with their SHA-256, shapes, parameters, fingerprints of the data,
        versions of libraries, and metrics.

    Raises
    ------
    WorseError
        If it is worse than the champion beyond noise: then it is published, but not promoted.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from recsys_lib.registry import writing_part
    >>> shop = Dataset.find("shop", Path(mkdtemp()))
    >>> options = {"parameters": {"factors": 8}, "data_fingerprint": "f", "libraries": ["numpy"]}
    >>> with writing_part(shop.version("v1") / "als", **options) as folder:
    ...     _ = (folder / "notes.txt").write_text("factors")
    >>> manifest = publish(shop, "v1")
    >>> sorted(manifest["files"]), manifest["parameters"]
    (['als/notes.txt', 'als/part.json'], {'als': {'factors': 8}})
    """
    folder = dataset.version(version)
    adopt(dataset, version, ALS_PART)
    adopt(dataset, version, SEARCH_PART)
    search_measured = True
    if not (folder / EVALUATION).is_dir() and _is_as_served(dataset, version, ALS_PART):
        adopt(dataset, version, EVALUATION)
        adopt(dataset, version, BLEND_PART)
        search_measured = _is_as_served(dataset, version, SEARCH_PART)
    write_manifest(dataset, version, search_measured=search_measured)
    if serve:
        promote(dataset, version, by_hand=False)
    return read_manifest(folder)
