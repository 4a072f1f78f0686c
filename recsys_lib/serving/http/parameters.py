"""The parameters of the served version: a training on request keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, replacing
from recsys_lib.parameters import SECTIONS
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.registry import ALS_PART, MANIFEST, SEARCH_PART, champion

_RECORD = "run.json"
_SECTION_OF_PART = {ALS_PART: "als", SEARCH_PART: "embed"}

Sections = dict[str, dict[str, Any]]


def served_parameters(dataset: Dataset) -> Sections:
    """Parameters of the champion that differ from the defaults, by section of the pipeline.

    Those of its run, and those that each part was really trained with: a version may have taken a
    part over from an older one. Names that this release does not know are left out.
    """
    folder = champion(dataset)
    if folder is None:
        return {}
    record = outputs_root(dataset.root) / folder.name / _RECORD
    sections: Sections = {}
    if record.is_file():
        values = read_json(record).get("parameters", {})
        sections = {
            name: dict(values[name]) for name in SECTIONS if isinstance(values.get(name), dict)
        }
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(f"{folder / MANIFEST} is gone: its parameters are not known")
    trained = read_json(folder / MANIFEST).get("parameters", {})
    for part, section in _SECTION_OF_PART.items():
        if part in trained:
            sections[section] = {**sections.get(section, {}), **trained[part]}
    return {name: changed for name in sections if (changed := _changed(name, sections[name]))}


def write_config(path: Path, sections: Sections) -> Path:
    """Write a file for ``--config``."""
    with replacing(path) as temporary:
        temporary.write_text(yaml.safe_dump(sections, allow_unicode=True), encoding="utf-8")
    return path


def _changed(section: str, values: dict[str, Any]) -> dict[str, Any]:
    default = SECTIONS[section]().model_dump(mode="json")
    known = {name: value for name, value in values.items() if name in default}
    return {name: value for name, value in known.items() if value != default[name]}
