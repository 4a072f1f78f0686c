"""The manifest of a version: what it is made of, and whether its files are still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recsys_lib.errors import ArtifactError
from recsys_lib.files import describe, read_json, sha256, write_json
from recsys_lib.paths import Dataset
from recsys_lib.processors import processors
from recsys_lib.registry.parts import EVALUATION, MANIFEST, METRICS_FILE, PARTS, Part

_SEAL = "seal"
_SEARCH_METRICS = "search."
_DAMAGED = "is damaged: its content differs from what was written"


@dataclass(frozen=True)
class VerifiedPart:
    """A part, or the evaluation, of a version all of whose files are as recorded."""

    name: str
    files: int
    bytes: int


def write_manifest(
    dataset: Dataset,
    version: str,
    *,
    search_measured: bool,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Join the manifests of a version's parts, and add a checksum of the manifest itself.

    ``facts`` are added to it.
    """
    manifest = _manifest(dataset, version, search_measured=search_measured) | dict(facts or {})
    content = json.loads(json.dumps(manifest, default=str))
    write_json(dataset.version(version) / MANIFEST, {**content, _SEAL: _checksum(content)})


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a published version; ArtifactError if it is missing or damaged."""
    manifest = _intact(folder)
    if manifest is None:
        raise ArtifactError(f"{folder / MANIFEST} {_DAMAGED}")
    return manifest


def damaged_files(folder: Path) -> list[str]:
    """A phrase for each file of a version that is missing or not as it was written.

    ArtifactError when no such version was published.
    """
    manifest = _intact(folder)
    if manifest is None:
        return [f"{folder / MANIFEST} {_DAMAGED}"]
    return list(_changed(folder, manifest["files"]))


def foreign_files(folder: Path) -> list[str]:
    """A phrase for each file in the folder of a version that is not part of it."""
    manifest = _intact(folder)
    return [] if manifest is None else list(_unknown(folder, manifest["files"]))


def parts_of(folder: Path) -> list[VerifiedPart]:
    """The parts of a version by its manifest, with the number and size of their files."""
    sizes: dict[str, list[int]] = {}
    for name, facts in read_manifest(folder)["files"].items():
        sizes.setdefault(Path(name).parts[0], []).append(facts["bytes"])
    return [VerifiedPart(name, len(group), sum(group)) for name, group in sorted(sizes.items())]


def utc_now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _manifest(dataset: Dataset, version: str, *, search_measured: bool) -> dict[str, Any]:
    folder = dataset.version(version)
    parts = {name: Part.read(folder / name) for name in PARTS if (folder / name).is_dir()}
    metrics = [part.manifest["metrics"] for part in parts.values()]
    metrics.append(_measured(folder, with_search=search_measured))
    return {
        "version": version,
        "dataset": dataset.name,
        "published_at": utc_now(),
        "files": _files(folder, parts),
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


def _files(folder: Path, parts: dict[str, Part]) -> dict[str, Any]:
    """``{sha256, bytes}`` of each file; what a part recorded when it was written is taken over."""
    recorded = {
        part.folder / file: facts
        for part in parts.values()
        for file, facts in part.manifest["files"].items()
    }
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    return {
        path.relative_to(folder).as_posix(): recorded.get(path) or describe(path) for path in paths
    }


def _measured(folder: Path, *, with_search: bool) -> dict[str, float]:
    """The metrics of the evaluation."""
    path = folder / EVALUATION / METRICS_FILE
    measured: dict[str, float] = read_json(path)["metrics"] if path.is_file() else {}
    return {k: v for k, v in measured.items() if with_search or not k.startswith(_SEARCH_METRICS)}


def _intact(folder: Path) -> dict[str, Any] | None:
    """The manifest; None if it is damaged, ArtifactError if there is none."""
    if not folder.is_dir():
        raise ArtifactError(
            f"there is no version {folder.name!r} in {folder.parent}: it was removed, or never made"
        )
    try:
        manifest = dict(read_json(folder / MANIFEST))
    except FileNotFoundError as error:
        raise ArtifactError(f"{folder} has no {MANIFEST}: it was never published") from error
    except (ValueError, TypeError):
        return None
    seal = manifest.pop(_SEAL, None)  # older versions have none
    return manifest if seal in (None, _checksum(manifest)) else None


def _changed(folder: Path, recorded: Mapping[str, Any]) -> Iterator[str]:
    def problem(name: str) -> str:
        path, facts = folder / name, recorded[name]
        if not path.is_file():
            return f"{path} is missing"
        if path.stat().st_size != facts["bytes"] or sha256(path) != facts["sha256"]:
            return f"{path} {_DAMAGED}"
        return ""

    with ThreadPoolExecutor(processors()) as pool:  # a checksum lets other threads work
        yield from filter(None, pool.map(problem, recorded))


def _unknown(folder: Path, recorded: Mapping[str, Any]) -> Iterator[str]:
    """Files that are not of this version; hidden ones belong to the system or to a writer."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and not hidden and name.as_posix() not in {MANIFEST, *recorded}:
            yield f"{path} is not part of the version: remove it"


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
