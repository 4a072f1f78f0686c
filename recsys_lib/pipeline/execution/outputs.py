"""What a step may write: the files that the table of steps declares, and nothing beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from recsys_lib.errors import StepFailedError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.steps import Step

Snapshot = dict[Path, tuple[int, int, int]]
"""Time of change, size and inode of each file."""

_BESIDE_A_DATABASE = ("-journal", "-wal", "-shm")
"""Endings of the files that SQLite keeps beside a database while somebody works with it."""


@dataclass(frozen=True)
class OutputContract:
    """The contract of all steps, for one version of a dataset's models.

    A file that is not promised is not fingerprinted: a cached step would leave it out, and what
    reads it would see that of another run.
    """

    table: Sequence[Step]
    dataset: Dataset
    version: str

    def check(self, step: Step, before: Snapshot) -> list[Path]:
        """The promised files of a step that has run.

        ``before`` is a snapshot from its start. Raises StepFailedError when a promised file is
        missing, empty or as it was before, or another one was written.
        """
        paths, after = step.outputs(self.dataset, self.version), self.snapshot()
        for path in paths:
            if not path.is_file() or path.stat().st_size == 0:
                raise StepFailedError(f"the notebook ended well, but {path} is missing or empty")
            if path in before and before[path] == after.get(path):
                raise StepFailedError(
                    f"the notebook ended well, but did not write {path}: what is there is older"
                )
        written = {path for path, facts in after.items() if before.get(path) != facts}
        others = sorted(path for path in written if not self._is_declared(path))
        if others:
            raise StepFailedError(
                f"{others[0]} was written, but no step declares it: "
                "name it under 'produces' in run_pipeline.py"
            )
        return paths

    def snapshot(self) -> Snapshot:
        """The files in the folders of steps; not those that are about to be renamed.

        Steps that run beside this one go on writing: what is gone between two looks is left out.
        """
        found: Snapshot = {}
        for folder in (self.dataset.processed, self.dataset.version(self.version)):
            for path in _files(folder):
                with suppress(FileNotFoundError):
                    facts = path.stat()
                    if S_ISREG(facts.st_mode):
                        found[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        return found

    def _is_declared(self, path: Path) -> bool:
        where = (self.dataset, self.version)
        owned = {p for step in self.table for p in (*step.outputs(*where), *step.own(*where))}
        database = [path.with_name(path.name.removesuffix(end)) for end in _BESIDE_A_DATABASE]
        return bool(owned & {path, *path.parents, *database})


def _files(folder: Path) -> Iterator[Path]:
    """All files of a folder, but none whose name, or whose folder's, begins with a dot."""
    for here, folders, names in os.walk(folder):  # passes over a folder that is gone meanwhile
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(here, name) for name in names if not name.startswith("."))
