"""Decide for each step: run it, or reuse what an earlier run made with the same cache key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from recsys_lib.data.summary import read_summary
from recsys_lib.errors import ArtifactError
from recsys_lib.files import fingerprint
from recsys_lib.paths import SUMMARY_FILE, Dataset, outputs_root
from recsys_lib.pipeline.cache._inputs import step_inputs
from recsys_lib.pipeline.cache._key import CacheKey
from recsys_lib.pipeline.runs.record import DONE, recorded_content
from recsys_lib.pipeline.runs.stored import newest_records
from recsys_lib.pipeline.settings import DATASET, Settings
from recsys_lib.pipeline.steps import Step
from recsys_lib.registry import PART_MANIFEST, Part, champion, content_digest
from recsys_lib.sources import Stamp

FORCED = "--force"
FIRST = "no earlier result on this dataset"
ON_REQUEST = "asked for, which is done anew each time"


@dataclass(frozen=True)
class StepResult:
    """What an earlier run made in a step, according to its record."""

    run_id: str
    key: CacheKey
    recorded: Sequence[Mapping[str, Any]]
    files: Mapping[str, str] = field(default_factory=dict)

    def outputs(self, step: Step) -> dict[str, str]:
        """Fingerprints of the outputs, by their templates in the table of steps."""
        hashes = map(recorded_content, self.recorded)
        return dict(zip(step.produces, hashes, strict=True))

    def damage(self, step: Step, dataset: Dataset) -> str | None:
        """Which file is not as recorded; None if all are intact.

        All files are read. Where they lie follows from the table of steps, so that a workspace
        that was copied or moved looks at its own.
        """
        if len(self.recorded) != len(step.produces):
            return "the step declares other outputs now"
        paths = step.outputs(dataset, self.run_id)
        hashes = {path: output["sha256"] for path, output in zip(paths, self.recorded, strict=True)}
        version = dataset.version(self.run_id)
        hashes |= {version / name: digest for name, digest in self.files.items()}
        for path, digest in hashes.items():
            if not path.is_file():
                return f"output {path.name} is missing or was changed"
            if fingerprint(path) != digest:
                return f"output {path.name} was changed"
        return next(filter(None, map(_part_damage, paths)), None)


def _part_damage(path: Path) -> str | None:
    """Which file of a part is not as its manifest says, if ``path`` is the manifest."""
    if path.name != PART_MANIFEST:
        return None
    try:
        Part.read(path.parent).check()
    except ArtifactError as error:
        return str(error)
    return None


@dataclass(frozen=True)
class CacheLookup:
    """Whether a step can be reused, and why; ``hit`` is the earlier result to reuse, or None."""

    step: Step
    key: CacheKey
    hit: StepResult | None
    reason: str
    stamps: Mapping[Path, Stamp] = field(default_factory=dict)

    def changes_meanwhile(self, settings: Settings, inputs: Mapping[str, str]) -> list[str]:
        """What of all that the step depends on is not as it was at the look-up, or was not always.

        ``inputs`` are the fingerprints of the files that it reads, now.
        """
        now = _key(self.step, settings, inputs)
        changes = now.changes_since(self.key)
        told = {change.partition(" ")[0] for change in changes}
        for path, stamp in _stamps(settings, self.key).items():
            name = path.relative_to(settings.project).as_posix()
            if stamp != self.stamps.get(path) and name not in told:
                changes.append(f"{name} was written")
        return changes


class PlannedStep(NamedTuple):
    """What a run would do with a step, and why."""

    name: str
    action: Literal["run", "cached"]
    reason: str


def look_up(
    step: Step, settings: Settings, inputs: Mapping[str, str], *, force: bool = False
) -> CacheLookup:
    """Compare a step's cache key with those of earlier runs of the dataset, newest first.

    ``inputs`` are the fingerprints of the files that it reads; ``force`` reuses nothing.
    """
    if step.also_produces:
        step = step.given(known_counts(settings.dataset))
    key = _key(step, settings, inputs)
    stamps = _stamps(settings, key)
    if force or step.on_request:
        return CacheLookup(step, key, None, FORCED if force else ON_REQUEST, stamps)
    newest = damage = None
    for result in earlier_results(step, settings):
        newest = newest or result
        if result.key.digest == key.digest:
            damage = result.damage(step, settings.dataset)
            if damage is None:
                return CacheLookup(step, key, result, f"as in run {result.run_id}", stamps)
    if damage or newest is None:
        return CacheLookup(step, key, None, damage or FIRST, stamps)
    reason = "; ".join(key.changes_since(newest.key))
    return CacheLookup(step, key, None, reason, stamps)


def earlier_results(step: Step, settings: Settings) -> Iterator[StepResult]:
    """Results of this step in earlier runs of the dataset, newest first."""
    for record in newest_records(outputs_root(settings.dataset.root), settings.dataset.name):
        for entry in record["steps"]:
            known = entry["name"] == step.name and entry["status"] in DONE
            key = CacheKey.from_record(entry.get("cache_key", {})) if known else None
            if key is not None and entry.get("reusable", True):
                files = entry.get("files", {})
                yield StepResult(record["run_id"], key, entry["outputs"], files)


def plan(
    table: Sequence[Step], chosen: Sequence[Step], settings: Settings, *, force: bool = False
) -> list[PlannedStep]:
    """Tell what a run would do, without running anything.

    Parameters
    ----------
    table : sequence of Step
        All steps of the pipeline.
    chosen : sequence of Step
        The steps to run, in running order, as :func:`recsys_lib.pipeline.select` returns them.
    settings : Settings
        Parameters of all steps.
    force : bool
        Reuse no earlier results.

    Returns
    -------
    list of PlannedStep
        Name, action (``run`` or ``cached``) and reason of each chosen step. A step after one that
        runs is listed as ``run``; it may still turn out to be cached, if its inputs do not change.

    Raises
    ------
    InputDataError
        If the files of the dataset cannot be found or understood.

    Examples
    --------
    >>> from recsys_lib.pipeline import Step, plan, read_settings
    >>> table = (Step("etl", "01_etl"), Step("als", "02_train_als", needs=("etl",)))
    >>> for step in plan(table, table, read_settings(), force=True):
    ...     print(step.name, step.action, step.reason)
    etl run --force
    als run after etl
    """
    served = champion(settings.dataset)
    known = {
        step.name: outputs_on_disk(step, settings.dataset, served.name if served else "none")
        for step in table
        if step not in chosen
    }
    planned: list[PlannedStep] = []
    running: set[str] = set()
    for step in chosen:
        if before := running & set(step.dependencies):
            planned.append(PlannedStep(step.name, "run", f"after {' and '.join(sorted(before))}"))
            running.add(step.name)
            continue
        lookup = look_up(step, settings, step_inputs(step, settings, known), force=force)
        if lookup.hit is None:
            running.add(step.name)
        else:
            known[step.name] = lookup.hit.outputs(lookup.step)
        planned.append(PlannedStep(step.name, "cached" if lookup.hit else "run", lookup.reason))
    return planned


def step_parameters(step: Step, settings: Settings) -> dict[str, Any]:
    """The parameters that a step depends on: the dataset and its own section."""
    section = settings.sections[step.name].model_dump()
    named = {f"{step.name}.{name}": value for name, value in section.items()}
    return {DATASET: settings.dataset_name, **named}


def _key(step: Step, settings: Settings, inputs: Mapping[str, str]) -> CacheKey:
    parameters, notebook = step_parameters(step, settings), settings.notebook(step.notebook)
    return CacheKey.from_notebook(notebook, parameters, inputs, settings.project)


def _stamps(settings: Settings, key: CacheKey) -> dict[Path, Stamp]:
    """The stamps of the modules that a step uses, which it may import late."""
    paths = (settings.project / name for name in key.code)
    return {path: Stamp.of(path) for path in paths if path.is_file()}


def known_counts(dataset: Dataset) -> Mapping[str, int]:
    """The counts of the ETL; none before it has run, or where its summary is damaged.

    A damaged summary makes the ETL run again.
    """
    if not (dataset.processed / SUMMARY_FILE).is_file():
        return {}
    try:
        counts: Mapping[str, int] = read_summary(dataset.processed)["counts"]
    except (ArtifactError, ValueError, KeyError):
        return {}
    return counts


def outputs_on_disk(step: Step, dataset: Dataset, version: str) -> dict[str, str]:
    """Fingerprints of a step's outputs that exist, by their templates in the table of steps."""
    step = step.given({})
    paths = zip(step.produces, step.outputs(dataset, version), strict=True)
    return {template: content_digest(path) for template, path in paths if path.is_file()}
