"""``recsys models``: the versions of a dataset, how good they are, and when each was served."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_lib import registry
from recsys_lib.cli._history import changes, minute, print_changes
from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import EXIT_OK, ArtifactError
from recsys_lib.files import read_json
from recsys_lib.paths import Dataset, outputs_root, workspace_root
from recsys_lib.places import known_places
from recsys_lib.programs import runnable

if TYPE_CHECKING:
    from rich.console import Console

    from recsys_lib.registry import History, Live

_METRICS = ("recall@10", "ndcg@10")
_SIZES = {"etl.interactions": "ratings", "etl.users": "users", "etl.products": "products"}


def models(options: Namespace) -> int:
    """Print a line for each version, or for each change of champion; the newest come first."""
    from recsys_lib.display.terminal import console, harmless, print_line

    datasets = _datasets(options.dataset)
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    code = EXIT_OK
    for dataset in datasets:
        history = registry.read_history(dataset)
        problems += history.problems
        try:
            rows += list((changes if options.history else _versions)(dataset, history))
        except ArtifactError as error:
            problems.append(str(error))
            code = error.exit_code
    if options.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        (print_changes if options.history else _print_table)(rows)
    elif not problems:
        for dataset in datasets:
            remedy = runnable(registry.run_command(dataset))
            print_line(console(), f"no model of dataset {dataset.name!r} is trained yet: {remedy}")
    for problem in problems:
        print(runnable(harmless(problem)), file=sys.stderr)
    return code


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """In a terminal a paragraph for each version, elsewhere a line."""
    from recsys_lib.display.terminal import cell, console, text_table

    out = console()
    if out.is_terminal:
        for row in rows:
            _print_paragraph(out, row)
        return
    table = text_table("version", "", "dataset", "trained", *_METRICS, "data", "why")
    for row in rows:
        star = "*" if row["served"] else ""
        metrics = [_shown(row[name]) for name in _METRICS]
        cells = [row["version"], star, row["dataset"], minute(row["trained"]), *metrics]
        table.add_row(*map(cell, [*cells, row["data"], row["why"]]))
    out.print(table)


def _print_paragraph(out: Console, row: Mapping[str, Any]) -> None:
    from rich.padding import Padding

    from recsys_lib.display.terminal import cell, print_line

    star = "* " if row["served"] else "  "
    print_line(out, f"{star}{row['version']}", "bold" if row["served"] else "")
    measured = ", ".join(f"{name} {_shown(row[name])}" for name in _METRICS)
    trained = f"dataset {row['dataset']}, trained {minute(row['trained'])}, {measured}"
    for line in filter(None, (trained, row["data"], row["why"])):
        out.print(Padding(cell(line, "dim"), (0, 0, 0, 4)), soft_wrap=False)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _datasets(named: str | None) -> list[Dataset]:
    if named:
        dataset = find_dataset(named)
        dataset.require()
        return [dataset]
    root = workspace_root()
    return [Dataset.from_place(place, root) for place in sorted(known_places(root))]


def _versions(dataset: Dataset, history: History) -> Iterator[dict[str, Any]]:
    served, outputs = registry.champion(dataset), outputs_root(dataset.root)
    facts = [
        _facts(dataset, name, outputs, served, history.live(name))
        for name in registry.published_versions(dataset)
    ]
    yield from sorted(facts, key=lambda row: (row["trained"], row["version"]), reverse=True)
    if removed := registry.removed_champion(dataset):
        raise ArtifactError(removed)


def _facts(
    dataset: Dataset, name: str, outputs: Path, served: Path | None, live: Sequence[Live]
) -> dict[str, Any]:
    folder = dataset.version(name)
    manifest = registry.read_manifest(folder)
    record = _record(outputs / name)
    metrics = {**manifest.get("metrics", {}), **record.get("metrics", {})}
    is_served = served is not None and served.name == name
    return {
        "dataset": dataset.name,
        "version": name,
        "served": is_served,
        "trained": str(record.get("started_at") or manifest.get("published_at", "")),
        "data": ", ".join(
            f"{metrics[key]:,.0f} {label}" for key, label in _SIZES.items() if metrics.get(key)
        ),
        "parts": [part for part in registry.PARTS if registry.has_part(folder, part)],
        **{metric: _best(metrics, metric) for metric in _METRICS},
        "live": [one.as_dict() for one in live],
        "why": _why(dataset, record, live, is_served=is_served),
        "metrics": metrics,
    }


def _best(metrics: Mapping[str, float | None], name: str) -> float | None:
    """A metric as served; of ALS where nothing else was measured."""
    return metrics.get(f"served.{name}", metrics.get(f"als.{name}"))


def _record(folder: Path) -> dict[str, Any]:
    """The record of the run that trained a version; empty where it was removed or is damaged."""
    from recsys_lib.pipeline.runs.record import RECORD

    try:
        record = read_json(folder / RECORD)
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _why(
    dataset: Dataset, record: Mapping[str, Any], live: Sequence[Live], *, is_served: bool
) -> str:
    """Why a version is served, when it was, or why it never was."""
    if not live:
        return _why_not(record)
    last = live[-1]
    decided = f"by {last.change.by}: {last.change.reason}"
    since = minute(last.change.time)
    if is_served:
        pinned = ", pinned (later runs promote none)" if registry.choice(dataset).pinned else ""
        return f"served since {since}{pinned}, {decided}"
    until = minute(last.until) if last.until else "an unknown time"
    times = f", {len(live)} times in all" if len(live) > 1 else ""
    return f"served from {since} to {until}{times}, {decided}"


def _why_not(record: Mapping[str, Any]) -> str:
    """Why a version is not served, as far as its run says."""
    from recsys_lib.pipeline.runs.record import NOT_SERVED

    warnings = [str(text) for text in record.get("warnings", [])]
    refused = next((text for text in warnings if text.startswith(NOT_SERVED)), "")
    if refused:
        return refused[len(NOT_SERVED) :]
    if not record:
        return "the record of its run was removed"
    if record.get("serve") is False:
        return "of a sweep: promoted by hand only"
    return "another version was promoted after it"
