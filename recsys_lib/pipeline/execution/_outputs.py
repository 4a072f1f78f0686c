"""The output contract: which files a step must write, and which others it may write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from stat import S_ISREG

from recsys_lib.errors import StepFailedError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.steps import Step

Snapshot = dict[Path, tuple[int, int, int]]
"""Time of the last change, size and inode of each file."""

_BESIDE_A_DATABASE = ("-journal", "-wal", "-shm")
"""Endings of the files that SQLite keeps beside a database that is in use."""


@dataclass(frozen=True)
class OutputContract:
    """The declared files of all steps, for one version of a dataset's models.

    An undeclared file is not fingerprinted: a cached step would leave it out, and whoever reads it
    would see that of another run. So writing one is an error.
    """

    table: Sequence[Step]
    dataset: Dataset
    version: str

    def check(self, step: Step, before: Snapshot) -> list[Path]:
        """Check a step that has run; returns the paths of its outputs.

        ``before`` is a snapshot from its start. Raises StepFailedError if an output is missing,
        empty or unchanged, or if an undeclared file was written.
        """
        paths, after = step.outputs(self.dataset, self.version), self.snapshot()
        for path in paths:
            if not path.is_file() or path.stat().st_size == 0:
                raise StepFailedError(f"the notebook succeeded, but {path} is missing or empty")
            if path in before and before[path] == after.get(path):
                raise StepFailedError(
                    f"the notebook succeeded, but did not write {path}: the file is older"
                )
        written = {path for path, facts in after.items() if before.get(path) != facts}
        others = sorted(path for path in written if not self._is_declared(path))
        if others:
            raise StepFailedError(
                f"{others[0]} was written, but no step declares it: add it to 'produces' or "
                "'may_write' in run_pipeline.py"
            )
        return paths

    def snapshot(self) -> Snapshot:
        """The files in the folders of the steps, without those waiting to be renamed; all outputs.

        Other steps may be writing meanwhile: a file that disappears is left out.
        """
        found: Snapshot = {}
        folders = (self.dataset.processed, self.dataset.version(self.version))
        outputs = (step.outputs(self.dataset, self.version) for step in self.table)
        for path in chain(*map(_files, folders), *outputs):
            with suppress(FileNotFoundError):
                facts = path.stat()
                if S_ISREG(facts.st_mode):
                    found[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        return found

    def _is_declared(self, path: Path) -> bool:
        owned = {p for step in self.table for p in step.owned_paths(self.dataset, self.version)}
        database = [path.with_name(path.name.removesuffix(end)) for end in _BESIDE_A_DATABASE]
        return bool(owned & {path, *path.parents, *database})


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, without hidden files and folders."""
    for here, folders, names in os.walk(folder):  # ignores a folder that disappears
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(here, name) for name in names if not name.startswith("."))
