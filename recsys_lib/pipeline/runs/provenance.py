"""With which parameters the files were made that a run takes from earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.runs.record import DONE, recorded_content
from recsys_lib.pipeline.runs.stored import newest_records
from recsys_lib.pipeline.settings import Settings
from recsys_lib.pipeline.steps import Step


def parameters_used(
    settings: Settings,
    steps: Iterable[Step],
    known: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """The parameters of a run, with those of ``steps``, which do not run, as they really were.

    ``known`` has the fingerprints of the files of these steps. What no record of an earlier run
    explains stays as it is set.
    """
    parameters = settings.as_dict()
    for step in steps:
        records = newest_records(outputs_root(settings.dataset.root), settings.dataset.name)
        hashes = set(known.get(step.name, {}).values())
        made = next((record for record in records if _made(record, step.name, hashes)), None)
        if made and step.name in made["parameters"]:
            parameters[step.name] = made["parameters"][step.name]
    return parameters


def _made(record: Mapping[str, Any], name: str, hashes: set[str]) -> bool:
    """Whether a run made, or took over, files with these fingerprints in a step."""
    for entry in record["steps"]:
        if entry["name"] == name and entry["status"] in DONE:
            return bool(hashes) and hashes == {*map(recorded_content, entry["outputs"])}
    return False
