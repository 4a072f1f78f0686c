"""What a pipeline is made of: steps, what they need, and the files they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.errors import ParameterError, did_you_mean
from recsys_lib.paths import Dataset


@dataclass(frozen=True)
class Step:
    """One notebook of the pipeline.

    Parameters
    ----------
    name: its name on the command line, and of its section of parameters.
    notebook: file name in notebooks/, without the ending.
    needs: steps whose files it reads.
    optional_needs: steps whose files it reads where they are there.
    produces: files it must write; ``{data}`` is the processed dataset, ``{version}`` the version.
    may_write: files and folders that it may write, too, but need not.
    skip_unless: what the data must have for the step to make sense, a name in the counts of the
        ETL; without any the step is skipped.
    metrics: the one of these files, JSON, that holds the step's ``metrics``.
    timeout: seconds after which the step is stopped.
    all_cores: whether it takes much longer than what runs beside it; then it has all cores, and not
        just a share of them that would go on when it is alone.
    """

    name: str
    notebook: str
    needs: tuple[str, ...] = ()
    optional_needs: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    may_write: tuple[str, ...] = ()
    skip_unless: str = ""
    metrics: str = ""
    timeout: float = 6 * 3600
    all_cores: bool = False

    def outputs(self, dataset: Dataset, version: str) -> list[Path]:
        """Where the declared files of a run are."""
        return [_path(template, dataset, version) for template in self.produces]

    def own(self, dataset: Dataset, version: str) -> list[Path]:
        """What else is the step's own: what it keeps, and its parts of the model."""
        parts = (f"{{version}}/{name}" for name in sorted(self.version_folders))
        return [_path(template, dataset, version) for template in (*self.may_write, *parts)]

    def metrics_file(self, dataset: Dataset, version: str) -> Path:
        """Where the metrics of a run are."""
        return _path(self.metrics, dataset, version)

    @property
    def after(self) -> tuple[str, ...]:
        """The steps that come before it."""
        return (*self.needs, *self.optional_needs)

    @property
    def version_folders(self) -> set[str]:
        """Names of the folders in the model version that this step fills."""
        parts = [Path(template).parts for template in self.produces]
        return {part[1] for part in parts if part[0] == "{version}"}


def select(
    steps: Sequence[Step], names: Sequence[str] = (), start: str | None = None
) -> list[Step]:
    """The steps to run: those named, or from one on, or all; in the order of the table.

    Raises ParameterError for a name that is not in the table.
    """
    known = [step.name for step in steps]
    for name in [*names, *([start] if start else [])]:
        if name not in known:
            raise ParameterError(f"there is no step {name!r}{did_you_mean(name, known)}")
    chosen = [step for step in steps if not names or step.name in names]
    if start:
        chosen = [step for step in chosen if known.index(step.name) >= known.index(start)]
    if not chosen:
        raise ParameterError(f"none of the steps {', '.join(names)} comes from {start!r} on")
    return chosen


def independent(step: Step, steps: Sequence[Step]) -> list[Step]:
    """Those of ``steps`` that can run beside a step: neither needs the other, directly or not."""
    before = {name: _before(name, steps) for name in (other.name for other in steps)}
    return [
        other
        for other in steps
        if other.name != step.name
        and other.name not in before[step.name]
        and step.name not in before[other.name]
    ]


def _before(name: str, steps: Sequence[Step]) -> set[str]:
    needs = {need for step in steps if step.name == name for need in step.needs}
    return needs.union(*(_before(need, steps) for need in needs))


def _path(template: str, dataset: Dataset, version: str) -> Path:
    return Path(template.format(data=dataset.processed, version=dataset.version(version)))
