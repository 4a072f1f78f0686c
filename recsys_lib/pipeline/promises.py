"""What a step may write: the files that the table of steps promises, and nothing beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.errors import StepFailedError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.steps import Step

Snapshot = dict[Path, tuple[int, int]]
"""Time of change and size of each file."""


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
        missing or empty, or another one was written.
        """
        paths = step.outputs(self.dataset, self.version)
        for path in paths:
            if not path.is_file() or path.stat().st_size == 0:
                raise StepFailedError(f"the notebook ended well, but {path} is missing or empty")
        others = [path for path, facts in self.snapshot().items() if before.get(path) != facts]
        if others:
            raise StepFailedError(
                f"{others[0]} was written, which no step promises: "
                "name it under 'produces' in run_pipeline.py"
            )
        return paths

    def snapshot(self) -> Snapshot:
        """The files in the folders of steps that no step promises."""
        return {path: (s.st_mtime_ns, s.st_size) for path in self._others() for s in [path.stat()]}

    def _others(self) -> Iterator[Path]:
        where = (self.dataset, self.version)
        owned = {p for step in self.table for p in (*step.outputs(*where), *step.own(*where))}
        for folder in (self.dataset.processed, self.dataset.version(self.version)):
            for path in folder.rglob("*"):
                # What begins with a dot is about to be renamed.
                hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
                if path.is_file() and not hidden and not owned & {path, *path.parents}:
                    yield path
