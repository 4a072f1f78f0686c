"""The parameters of the served version: a training on request keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, replacing
from recsys_lib.parameters import SECTIONS
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.registry import ALS_PART, MANIFEST, SEARCH_PART, champion, trained_version

_RECORD = "run.json"
_DONE = ("executed", "cached")  # states of a step
_SECTION_OF_PART = {ALS_PART: "als", SEARCH_PART: "embed"}

Sections = dict[str, dict[str, Any]]


def served_parameters(dataset: Dataset) -> Sections:
    """Parameters of the champion that differ from the defaults, by section of the pipeline.

    They are those of its run, where ``auto`` stays ``auto``. A part that the run did not train
    comes from an older version: then the values that it was trained with count. Names that this
    release does not know are left out.
    """
    folder = champion(dataset)
    if folder is None:
        return {}
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(f"{folder / MANIFEST} is gone: its parameters are not known")
    run = trained_version(folder)
    sections, ran = _of_run(outputs_root(dataset.root) / run / _RECORD)
    trained = read_json(folder / MANIFEST).get("parameters", {})
    for part, section in _SECTION_OF_PART.items():
        if part in trained and section not in ran:
            sections[section] = {**sections.get(section, {}), **trained[part]}
    return {name: changed for name in sections if (changed := _changed(name, sections[name]))}


def _of_run(record: Path) -> tuple[Sections, set[str]]:
    """The parameters of a run, and which steps it ran; empty where its record was removed."""
    if not record.is_file():
        return {}, set()
    run = read_json(record)
    values = run["parameters"]
    ran = {step["name"] for step in run["steps"] if step["status"] in _DONE}
    return {name: dict(values[name]) for name in SECTIONS if name in values}, ran


def write_config(path: Path, sections: Sections) -> Path:
    """Write a file for ``--config``."""
    with replacing(path) as temporary:
        temporary.write_text(yaml.safe_dump(sections, allow_unicode=True), encoding="utf-8")
    return path


def _changed(section: str, values: dict[str, Any]) -> dict[str, Any]:
    default = SECTIONS[section]().model_dump(mode="json")
    known = {name: value for name, value in values.items() if name in default}
    return {name: value for name, value in known.items() if value != default[name]}
