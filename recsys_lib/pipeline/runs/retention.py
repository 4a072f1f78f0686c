"""Remove old runs with their models, and keep the rest."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.errors import ParameterError
from recsys_lib.files import read_json
from recsys_lib.parameters import KEEP_CHANGES
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.pipeline.runs.record import SWEEP
from recsys_lib.pipeline.runs.stored import records_of
from recsys_lib.registry import champion, read_history, trained_version
from recsys_lib.registry.in_use import only_run


@dataclass(frozen=True)
class Removal:
    """What to remove.

    Parameters
    ----------
    paths: files and folders to remove.
    freed: bytes that this frees; files that a kept version shares (hard links) free nothing.
    kept: old versions that stay, since a rollback or an experiment may need them.
    """

    paths: list[Path]
    freed: int
    kept: list[str]

    def carry_out(self) -> None:
        """Remove them."""
        for path in self.paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def clean(
    root: Path,
    keep: int,
    dataset: str | None = None,
    *,
    changes: int = KEEP_CHANGES,
    dry_run: bool = False,
) -> Removal:
    """Remove all runs but the newest ``keep`` of each dataset and what a rollback may need.

    That is the champion, the last challenger, and the versions that were served within the last
    ``changes`` changes of champion or that this many rollbacks reach. Removes notebooks, report and
    models of a run, and unfinished files of killed processes. Keeps versions that no run made, such
    as ``draft``. With ``dry_run`` nothing is removed.

    Raises ParameterError for ``keep`` below 1 or ``changes`` below 0, and LockedError while a run
    works on one of the datasets.
    """
    if keep < 1:
        raise ParameterError(f"--keep must be at least 1, got {keep}")
    if changes < 0:
        raise ParameterError(f"--keep-changes must be at least 0, got {changes}")
    records = records_of(outputs_root(root), dataset)
    names = [dataset] if dataset else sorted(_datasets(root, records))
    datasets = [Dataset.from_place(name, root) for name in names]
    with ExitStack() as locks:
        for one in datasets:
            locks.enter_context(only_run(one))
        paths, kept = [], []
        for one in datasets:
            old, needed = _old_runs(one, records, keep, changes)
            paths += _files(one, old)
            kept += needed
        paths += _empty_sweeps(outputs_root(root), set(paths))
        removal = Removal(paths, _freed(paths), kept)
        if not dry_run:
            removal.carry_out()
    return removal


def _datasets(root: Path, records: Iterable[dict[str, Any]]) -> set[str]:
    trained = {path.name for path in (root / "models").glob("*") if path.is_dir()}
    return trained | {record["dataset"] for record in records}


def _old_runs(
    dataset: Dataset, records: list[dict[str, Any]], keep: int, changes: int
) -> tuple[list[str], list[str]]:
    """Old runs that can go, and those that stay for a rollback or as the challenger."""
    from recsys_lib.loop.experiment import running_experiment  # noqa: PLC0415  # slow import

    served, needed = champion(dataset), set(read_history(dataset).recent(changes))
    if (running := running_experiment(dataset.feedback)) is not None:
        needed.add(running.challenger)
    runs = [record["run_id"] for record in records if record["dataset"] == dataset.name]
    trained = trained_version(served) if served else ""
    old = [run for run in runs[keep:] if run != trained]
    stay = [run for run in old if run in needed and dataset.version(run).is_dir()]
    return [run for run in old if run not in stay], stay


def _files(dataset: Dataset, old: Iterable[str]) -> list[Path]:
    """The folders of old runs and of their versions, and torn files elsewhere."""
    folders = [place / run for run in old for place in (outputs_root(dataset.root), dataset.models)]
    gone = [folder for folder in folders if folder.is_dir()]
    return [*gone, *(path for path in _torn(dataset) if not {*path.parents} & {*gone})]


def _torn(dataset: Dataset) -> list[Path]:
    """Unfinished files of killed processes; while the lock is held, nobody is writing others."""
    models = (path for pattern in (".*.tmp*", "*/.*.tmp*") for path in dataset.models.glob(pattern))
    return sorted([*models, *dataset.processed.glob(".*")])


def _empty_sweeps(outputs: Path, removed: set[Path]) -> list[Path]:
    """Sweeps none of whose runs is left."""
    return [
        path.parent
        for path in sorted(outputs.glob(f"*/{SWEEP}"))
        if not any(
            (outputs / run).is_dir() and outputs / run not in removed for run in _runs_of(path)
        )
    ]


def _runs_of(sweep: Path) -> list[str]:
    """The runs of a sweep; one whose list is damaged counts as its own, and so is kept."""
    try:
        return list(read_json(sweep)["runs"])
    except (ValueError, KeyError, TypeError):
        return [sweep.parent.name]


def _freed(paths: Iterable[Path]) -> int:
    inside = (path.rglob("*") if path.is_dir() else [path] for path in paths)
    facts = [path.stat() for some in inside for path in some if path.is_file()]
    links = Counter((fact.st_dev, fact.st_ino) for fact in facts)
    last = {(f.st_dev, f.st_ino): f for f in facts}
    return sum(f.st_size for key, f in last.items() if links[key] == f.st_nlink)
