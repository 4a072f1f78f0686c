"""One row of the table of steps: what a step needs and which files it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from recsys_lib.paths import Dataset

DATA, VERSION, MONITOR = "{data}", "{version}", "{monitor}"
"""With one of these begins the template of every file of a step."""


@dataclass(frozen=True)
class Step:
    """One notebook of the pipeline: a row of the table in ``run_pipeline.py``.

    Files are templates: ``{data}/...`` is in the folder of the processed dataset, ``{version}/...``
    in that of the model version, ``{monitor}/...`` in that of what the monitor found.
    :func:`data_files`, :func:`version_files` and :func:`monitor_files` write them.

    Parameters
    ----------
    name : str
        Name on the command line, and of the step's section of parameters.
    notebook : str
        File name in ``notebooks/``, without ``.ipynb``.
    needs : tuple of str
        Steps whose files this step reads.
    optional_needs : tuple of str
        Steps whose files this step reads if they exist.
    produces : tuple of str
        Files that the step must write.
    may_write : tuple of str
        Other files and folders that the step may write.
    metrics : str
        Name of the produced JSON file that holds the step's ``metrics``.
    skip_unless : str or tuple of str
        Names of counts of the ETL, for example ``products``: the step is skipped when all are 0.
    also_produces : tuple of str
        Files that the step must write as well, but only if the count ``also_if`` is not 0.
    also_if : str
        Name of that count. Cells with the tag ``needs-interactions`` are left out when the dataset
        has none, and likewise for every other count.
    timeout : float
        Seconds after which the step is stopped.
    all_cores : bool
        Use all cores even while other steps run. Meant for the step that takes longest: a share
        of the cores would stay its share when it runs alone.
    on_request : bool
        Run only where the step is named, and each time anew: for a step whose result depends on
        more than the files of the steps before it, such as on what is served now.

    Examples
    --------
    >>> als = Step(
    ...     "als",
    ...     notebook="02_train_als",
    ...     needs=("etl",),
    ...     produces=version_files("als", "part.json"),
    ...     metrics="part.json",
    ... )
    >>> als.produces
    ('{version}/als/part.json',)
    """

    name: str
    notebook: str
    needs: tuple[str, ...] = ()
    optional_needs: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    may_write: tuple[str, ...] = ()
    metrics: str = ""
    skip_unless: str | tuple[str, ...] = ()
    also_produces: tuple[str, ...] = ()
    also_if: str = ""
    timeout: float = 6 * 3600
    all_cores: bool = False
    on_request: bool = False

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The steps that run before this one."""
        return (*self.needs, *self.optional_needs)

    @property
    def version_folders(self) -> set[str]:
        """Names of the folders in the model version that this step fills."""
        parts = [Path(template).parts for template in (*self.produces, *self.also_produces)]
        return {part[1] for part in parts if part[0] == VERSION}

    @property
    def works_on(self) -> tuple[str, ...]:
        """The counts in ``skip_unless``."""
        return (self.skip_unless,) if isinstance(self.skip_unless, str) else self.skip_unless

    def given(self, counts: Mapping[str, int]) -> Step:
        """The step for data with these counts, which ``produces`` all that it must write.

        A count that is unknown counts as one.
        """
        also = self.also_produces if counts.get(self.also_if, 1) else ()
        return replace(self, produces=(*self.produces, *also), also_produces=())

    def has_nothing_to_do(self, counts: Mapping[str, int]) -> bool:
        """Whether the step is skipped for data with these counts; one that is unknown is not 0."""
        return bool(self.works_on) and not any(counts.get(name, 1) for name in self.works_on)

    def outputs(self, dataset: Dataset, version: str) -> list[Path]:
        """Paths of the files that the step must write, in the order of ``produces``."""
        return [_path(template, dataset, version) for template in self.produces]

    def owned_paths(self, dataset: Dataset, version: str) -> list[Path]:
        """All files and folders in which the step may write."""
        folders = [f"{VERSION}/{name}" for name in sorted(self.version_folders)]
        templates = [*self.produces, *self.also_produces, *self.may_write, *folders]
        return [_path(template, dataset, version) for template in templates]

    def metrics_file(self, dataset: Dataset, version: str) -> Path:
        """Path of the file with the step's metrics."""
        return next(p for p in self.outputs(dataset, version) if p.name == self.metrics)


def data_files(*names: str) -> tuple[str, ...]:
    """Templates of files in the folder of the processed dataset."""
    return tuple(f"{DATA}/{name}" for name in names)


def version_files(folder: str, *names: str) -> tuple[str, ...]:
    """Templates of files in one folder, for example a part, of the model version."""
    return tuple(f"{VERSION}/{folder}/{name}" for name in names)


def monitor_files(*names: str) -> tuple[str, ...]:
    """Templates of files in the folder of what the monitor found."""
    return tuple(f"{MONITOR}/{name}" for name in names)


def _path(template: str, dataset: Dataset, version: str) -> Path:
    folders = {
        "data": dataset.processed,
        "version": dataset.version(version),
        "monitor": dataset.monitored.parent,
    }
    return Path(template.format(**folders))
