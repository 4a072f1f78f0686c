"""Decide for each step: run it, or take what an earlier run made from the same cache_key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.data.sources import find_source
from recsys_lib.errors import ArtifactError
from recsys_lib.files import fingerprint
from recsys_lib.paths import Dataset, outputs_root, project_root
from recsys_lib.pipeline.cache.key import CacheKey, gather
from recsys_lib.pipeline.runs.record import DONE, records_of
from recsys_lib.pipeline.settings import DATASET, Settings
from recsys_lib.pipeline.steps import Step
from recsys_lib.registry.parts import PART_MANIFEST, Part, champion

FORCED = "--force"


@dataclass(frozen=True)
class StepResult:
    """A step as an earlier run left it."""

    run_id: str
    record: dict[str, Any]

    @property
    def cache_key(self) -> CacheKey:
        """What it was made of."""
        return CacheKey(**self.record["cache_key"])

    def outputs(self, step: Step) -> dict[str, str]:
        """Fingerprints of the outputs by their names in the table of steps."""
        hashes = (output["sha256"] for output in self.record["outputs"])
        return dict(zip(step.produces, hashes, strict=True))

    def damage(self, step: Step) -> str | None:
        """Which output is not as it was left; None when all are intact."""
        if len(self.record["outputs"]) != len(step.produces):
            return "the step declares other outputs now"
        for output in self.record["outputs"]:
            path = Path(output["path"])
            if not path.is_file() or path.stat().st_size != output["bytes"]:
                return f"output {path.name} is missing or was changed"
            if fingerprint(path) != output["sha256"]:
                return f"output {path.name} was changed"
            if path.name == PART_MANIFEST:
                try:
                    Part.read(path.parent)
                except ArtifactError as error:
                    return str(error)
        return None


@dataclass(frozen=True)
class CacheLookup:
    """What to do with a step and why; ``earlier`` is set when its outputs can be taken."""

    step: Step
    cache_key: CacheKey
    earlier: StepResult | None
    reason: str


def look_up(
    step: Step, settings: Settings, inputs: Mapping[str, str], *, force: bool = False
) -> CacheLookup:
    """Compare a step's cache_key with those of earlier runs of this dataset, newest first.

    ``inputs`` are the fingerprints of the files that it reads.
    """
    cache_key = gather(notebook_of(step), step_parameters(step, settings), inputs)
    if force:
        return CacheLookup(step, cache_key, None, FORCED)
    candidates = earlier_results(step, settings)
    damage = None
    for earlier in candidates:
        if earlier.cache_key.key == cache_key.key:
            damage = earlier.damage(step)
            if damage is None:
                return CacheLookup(step, cache_key, earlier, f"as in run {earlier.run_id}")
    if damage or not candidates:
        return CacheLookup(step, cache_key, None, damage or "never ran on this dataset")
    changes = cache_key.changes_since(candidates[0].cache_key)
    return CacheLookup(step, cache_key, None, "; ".join(changes))


def earlier_results(step: Step, settings: Settings) -> list[StepResult]:
    """This step in the runs of the dataset before, where it was done, newest first."""
    return [
        StepResult(record["run_id"], entry)
        for record in records_of(outputs_root(settings.dataset.root), settings.dataset.name)
        for entry in record["steps"]
        if entry["name"] == step.name and entry["status"] in DONE
    ]


def source_fingerprints(settings: Settings) -> dict[str, str]:
    """Fingerprints of the files that were given; the sample is made of code, not of files."""
    if settings.dataset.is_sample:
        return {}
    source = find_source(settings.dataset, settings.etl)
    return {str(path): fingerprint(path) for path in (*source.reviews, *source.products)}


def step_parameters(step: Step, settings: Settings) -> dict[str, Any]:
    """The parameters that shape a step: the dataset, and its own section."""
    section = settings.sections[step.name].model_dump()
    named = {f"{step.name}.{name}": value for name, value in section.items()}
    return {DATASET: settings.dataset_name, **named}


def notebook_of(step: Step) -> Path:
    """The notebook in the checkout."""
    return project_root() / "notebooks" / f"{step.notebook}.ipynb"


def plan(
    table: Sequence[Step], chosen: Sequence[Step], settings: Settings, *, force: bool
) -> list[tuple[Step, str, str]]:
    """(step, "run" or "cached", why), without running anything."""
    served = champion(settings.dataset)
    known = {
        step.name: outputs_on_disk(step, settings.dataset, served.name if served else "none")
        for step in table
        if step not in chosen
    }
    lines: list[tuple[Step, str, str]] = []
    running: set[str] = set()
    for step in chosen:
        if waits := running & set(step.after):
            lines.append((step, "run", f"after {' and '.join(sorted(waits))}"))
            running.add(step.name)
            continue
        lookup = look_up(step, settings, step_inputs(step, settings, known), force=force)
        if lookup.earlier is None:
            running.add(step.name)
        else:
            known[step.name] = lookup.earlier.outputs(step)
        lines.append((step, "cached" if lookup.earlier else "run", lookup.reason))
    return lines


def step_inputs(
    step: Step, settings: Settings, known: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Fingerprints of what a step reads, given those of the steps it needs."""
    if not step.needs:
        return source_fingerprints(settings)
    return {file: digest for name in step.after for file, digest in known[name].items()}


def outputs_on_disk(step: Step, dataset: Dataset, version: str) -> dict[str, str]:
    """Fingerprints of a step's outputs as they lie there, by their names in the table of steps."""
    paths = zip(step.produces, step.outputs(dataset, version), strict=True)
    return {template: fingerprint(path) for template, path in paths if path.is_file()}
