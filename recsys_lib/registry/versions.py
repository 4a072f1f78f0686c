"""Model versions on disk: sealed by a manifest, one of them named champion."""

from __future__ import annotations

import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_lib.errors import ArtifactError, NotTrainedError, WorseError
from recsys_lib.files import describe, link_or_copy, read_json, replacing_folder, write_json
from recsys_lib.paths import Dataset
from recsys_lib.registry.parts import (
    ALS_PART,
    BLEND_PART,
    CHAMPION,
    EVALUATION,
    SEARCH_PART,
    Part,
    champion,
)

if TYPE_CHECKING:
    from recsys_lib.registry.gate import Verdict

MANIFEST = "manifest.json"
PARTS = (ALS_PART, SEARCH_PART, BLEND_PART)
_OF_SEARCH = "search."


def require_champion(dataset: Dataset) -> Path:
    """The same, with a NotTrainedError that says what to run."""
    folder = champion(dataset)
    if folder is None:
        raise NotTrainedError(
            f"no model of dataset {dataset.name!r} is trained yet: {run_command(dataset)}"
        )
    return folder


def run_command(dataset: Dataset) -> str:
    """What a person types to train this dataset."""
    return f"run 'python run_pipeline.py --set dataset={shlex.quote(dataset.argument)}'"


def adopt(dataset: Dataset, version: str, name: str, source: Path | None = None) -> bool:
    """Bring a folder of another version into ``version``, when it has none of its own.

    ``source`` is the other version's folder, the champion's by default. Files are hard links
    where the disk allows it. Returns whether the version has the folder now.
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
    """A version beside the one that is served, on the same test users.

    None when there is no other champion, or one of the two was not evaluated.
    """
    from recsys_lib.registry.gate import compare_versions  # noqa: PLC0415  # slow import

    served = champion(dataset)
    return compare_versions(dataset.version(version), served) if served else None


def promote(dataset: Dataset, version: str, *, force: bool = False) -> None:
    """Let another sealed version be served.

    Raises ArtifactError when there is none of this name, and WorseError when it is worse than the
    champion beyond noise, unless ``force`` says that this is wanted.
    """
    if not (dataset.version(version) / MANIFEST).is_file():
        sealed = sorted(path.parent.name for path in dataset.models.glob(f"*/{MANIFEST}"))
        raise ArtifactError(
            f"dataset {dataset.name!r} has no published version {version!r}: "
            f"there is {', '.join(sealed) or 'none'}"
        )
    verdict = against_champion(dataset, version)
    if verdict is not None and verdict.judgement == "worse" and not force:
        raise WorseError(
            f"version {version} is {verdict}; 'recsys promote {version} --dataset {dataset.name} "
            "--force' serves it all the same"
        )
    _name_champion(dataset, version)


def publish(dataset: Dataset, version: str, *, serve: bool = True) -> dict[str, Any]:
    """Seal a version with its manifest and, if it is to serve, make it the champion.

    One that is worse than the champion beyond noise is sealed, but raises WorseError.
    Returns the manifest. A part that was not trained anew comes from the champion before. The
    evaluation and the blend do only together with the ALS part they were made with; what an
    evaluation says about the search counts only for the search part it measured.
    """
    folder = dataset.version(version)
    new_search, search_measured = (folder / SEARCH_PART).is_dir(), True
    if not (folder / ALS_PART).is_dir() and adopt(dataset, version, ALS_PART):
        adopt(dataset, version, EVALUATION)
        adopt(dataset, version, BLEND_PART)
        search_measured = not new_search
    adopt(dataset, version, SEARCH_PART)
    manifest = _manifest(dataset, version, search_measured=search_measured)
    write_json(folder / MANIFEST, manifest)
    if serve:
        promote(dataset, version)
    return manifest


def _name_champion(dataset: Dataset, version: str) -> None:
    write_json(dataset.models / CHAMPION, {"version": version, "since": _now()})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _manifest(dataset: Dataset, version: str, *, search_measured: bool) -> dict[str, Any]:
    folder = dataset.version(version)
    parts = {name: Part.read(folder / name) for name in PARTS if (folder / name).is_dir()}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    known = {
        parts[name].folder / file: facts
        for name in parts
        for file, facts in parts[name].manifest["files"].items()
    }
    evaluation = folder / EVALUATION / "metrics.json"
    measured = read_json(evaluation)["metrics"] if evaluation.is_file() else {}
    if not search_measured:
        measured = {k: v for k, v in measured.items() if not k.startswith(_OF_SEARCH)}
    metrics = [*(part.manifest["metrics"] for part in parts.values()), measured]
    return {
        "version": version,
        "dataset": dataset.name,
        "published_at": _now(),
        "files": {
            path.relative_to(folder).as_posix(): known.get(path) or describe(path) for path in files
        },
        "shapes": {
            f"{name}/{file}": shape
            for name, part in parts.items()
            for file, shape in part.manifest["shapes"].items()
        },
        "parameters": {name: part.parameters for name, part in parts.items()},
        "data_fingerprint": {
            name: part.manifest["data_fingerprint"] for name, part in parts.items()
        },
        "libraries": {
            k: v for part in parts.values() for k, v in part.manifest["libraries"].items()
        },
        "metrics": {name: value for group in metrics for name, value in group.items()},
    }
