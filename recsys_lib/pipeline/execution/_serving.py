"""Which version a run may serve: one that was measured as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from recsys_lib import registry
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.runs.record import DONE, RunRecord
from recsys_lib.pipeline.steps import VERSION, Step
from recsys_lib.registry import EVALUATION, PART_MANIFEST, PARTS, content_digest, has_part


def reason_against(table: Sequence[Step], record: RunRecord, dataset: Dataset) -> str:
    """Why the published version of a run is not to be served, in a sentence; "" if it may be."""
    served, choice = registry.champion(dataset), registry.choice(dataset)
    remedy = f"to serve it: 'recsys promote {record.run_id} --dataset {dataset.name}'"
    if served is not None and served.name == record.run_id:
        return ""
    if served is not None and choice.pinned:
        return f"version {served.name} is pinned; {remedy}"
    if served is not None and choice.by_hand and not _is_new(table, record):
        return f"nothing was made anew, and version {served.name} was promoted by hand; {remedy}"
    evaluating = next((step for step in table if EVALUATION in step.version_folders), None)
    if evaluating is None:
        return ""
    parts = _unmeasured(evaluating, record, dataset.version(record.run_id), served)
    if not parts:
        return ""
    return (
        f"nobody measured its {' and '.join(parts)} part{'s'[: len(parts) - 1]} as they are now: "
        f"run step {evaluating.name}, too; {remedy}"
    )


def _is_new(table: Sequence[Step], record: RunRecord) -> bool:
    """Whether a step made a part of the version, in place of taking it from an earlier run."""
    filling = {step.name for step in table if step.version_folders}
    return any(step.name in filling and step.status == "executed" for step in record.steps)


def _unmeasured(
    evaluating: Step, record: RunRecord, version: Path, served: Path | None
) -> list[str]:
    """Parts other than those that the evaluation of this run read, or than those served now."""
    entry = next((step for step in record.steps if step.name == evaluating.name), None)
    if entry is not None and entry.status in DONE:
        read: Mapping[str, str] = entry.cache_key["inputs"]
        known = {part: read.get(f"{VERSION}/{part}/{PART_MANIFEST}", "") for part in PARTS}
    else:
        known = {part: _digest(served / part) for part in PARTS} if served else {}
    return [
        part
        for part in PARTS
        if has_part(version, part)
        and not (entry and part in evaluating.version_folders)
        and _digest(version / part) != known.get(part, "")
    ]


def _digest(part: Path) -> str:
    manifest = part / PART_MANIFEST
    return content_digest(manifest) if manifest.is_file() else ""
