"""What a step may write: the files that the table of steps promises, and nothing beside them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from recsys_lib.errors import StepFailedError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.steps import Step

Snapshot = dict[Path, tuple[int, int, int]]
"""Time of change, size and inode of each file."""


@dataclass(frozen=True)
class Promises:
    """The promises of all steps, for one version of a dataset's models.

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
        others = sorted(path for path in written if not self._is_promised(path))
        if others:
            raise StepFailedError(
                f"{others[0]} was written, which no step promises: "
                "name it under 'produces' in run_pipeline.py"
            )
        return paths

    def snapshot(self) -> Snapshot:
        """The files in the folders of steps; not those that are about to be renamed."""
        found: Snapshot = {}
        for folder in (self.dataset.processed, self.dataset.version(self.version)):
            for path in folder.rglob("*"):
                hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
                with suppress(FileNotFoundError):  # a step beside this one renames its own
                    facts = path.stat()
                    if not hidden and S_ISREG(facts.st_mode):
                        found[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        return found

    def _is_promised(self, path: Path) -> bool:
        where = (self.dataset, self.version)
        owned = {p for step in self.table for p in (*step.outputs(*where), *step.own(*where))}
        return bool(owned & {path, *path.parents})
