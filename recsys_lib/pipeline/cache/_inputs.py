"""The files that a step reads: those of the steps before it, and those that its parameters name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from recsys_lib.files import fingerprint
from recsys_lib.parameters import Section
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.settings import Settings
from recsys_lib.pipeline.steps import Step
from recsys_lib.registry import ALS_PART, PART_MANIFEST, champion, content_digest

RAW = "{raw}"
"""Begins the names of files in the folder of the given data."""
ABSENT = "absent"
_CHAMPION = "champion"


def step_inputs(
    step: Step, settings: Settings, known: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Fingerprints of what a step reads; ``known`` has the outputs of the steps before it."""
    before = (known[name] for name in step.dependencies)
    files = {file: digest for outputs in before for file, digest in outputs.items()}
    if not step.needs:
        files |= _input_files(settings) | _updates(settings.dataset)
    return files | dict(_named_files(step.name, settings.sections[step.name], settings.dataset))


def _input_files(settings: Settings) -> dict[str, str]:
    """Fingerprints of the dataset's input files; the sample is generated and has none."""
    if settings.dataset.is_sample:
        return {}
    from recsys_lib.data.input_files import find_input_files  # noqa: PLC0415  # slow import

    files = find_input_files(settings.dataset, settings.etl)
    raw = settings.dataset.raw
    if files.origins:  # reading all of them would take as long as the step
        return {one.url: f"{one.size} {one.modified_ms}" for one in files.read_origins()}
    return {_name(path, raw): fingerprint(path) for path in (*files.reviews, *files.products)}


def _updates(dataset: Dataset) -> dict[str, str]:
    """Fingerprints of what updates added to the files, and of the list of forgotten users."""
    if not dataset.updates.is_dir():
        return {}
    from recsys_lib.data.additions import Additions  # noqa: PLC0415  # slow import

    return {f"updates/{name}": d for name, d in Additions(dataset.updates).digests().items()}


def _name(path: Path, raw: Path) -> str:
    """The name of a file that stays the same when the workspace is moved or copied."""
    return f"{RAW}/{path.relative_to(raw).as_posix()}" if path.is_relative_to(raw) else str(path)


def _named_files(step: str, section: Section, dataset: Dataset) -> Iterator[tuple[str, str]]:
    for name, kind in section.reads.items():
        if value := getattr(section, name):
            yield f"{step}.{name}", _FINGERPRINTS[kind](value, dataset)


def _of_file(name: str, dataset: Dataset) -> str:
    path = dataset.raw / Path(name).expanduser()
    return fingerprint(path) if path.is_file() else ABSENT


def _of_model(name: str, _: Dataset) -> str:
    """That of all files of a folder, or the commit of a model that a hub gave."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return _downloaded(name)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = (f"{path.relative_to(folder).as_posix()} {fingerprint(path)}" for path in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _of_version(name: str, dataset: Dataset) -> str:
    """That of the ALS part's manifest, which has the fingerprints of all its files."""
    folder = champion(dataset) if name == _CHAMPION else dataset.version(name)
    manifest = folder and folder / ALS_PART / PART_MANIFEST
    return content_digest(manifest) if manifest and manifest.is_file() else ABSENT


def _downloaded(name: str) -> str:
    """The commit in the cache of downloads, by the layout that huggingface_hub documents."""
    from huggingface_hub import constants  # noqa: PLC0415  # slow, and seldom needed

    owned = name if "/" in name else f"sentence-transformers/{name}"
    reference = Path(constants.HF_HUB_CACHE, f"models--{owned.replace('/', '--')}", "refs", "main")
    return reference.read_text(encoding="utf-8").strip() if reference.is_file() else ABSENT


_FINGERPRINTS = {"file": _of_file, "model": _of_model, "version": _of_version}
