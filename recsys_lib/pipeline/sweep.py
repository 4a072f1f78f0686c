"""A sweep: one run for each combination of parameters, and a comparison at the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, ParameterError, StepFailedError
from recsys_lib.files import write_json
from recsys_lib.paths import outputs_root, project_root
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import Run
from recsys_lib.pipeline.runs.comparison import HEADLINES, Comparison
from recsys_lib.pipeline.runs.record import SWEEP
from recsys_lib.pipeline.settings import DATASET
from recsys_lib.pipeline.values import read_value

COMPARISON = "compare_runs"
"""The notebook that ends a sweep."""
_JUDGE = HEADLINES[-1]

Combination = Mapping[str, Any]
"""``section.name`` -> value."""


def read_grid(assignments: Iterable[str]) -> list[Combination]:
    """Every combination of ``section.name=value,value`` texts.

    Values are written as in YAML; a value that is a list keeps its brackets. Raises
    ParameterError for a text of another form, and for a parameter that is given twice.
    """
    axes: dict[str, list[Any]] = {}
    for assignment in assignments:
        name, values = _axis(assignment)
        if name in axes:
            raise ParameterError(f"--grid {name} is given twice: write all its values in one")
        axes[name] = values
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


@dataclass(frozen=True)
class Sweep:
    """Runs that differ in the parameters of a grid; none of them is served by itself.

    What several of them share runs once: the others take it from the first, as every run does.
    """

    name: str
    combinations: Sequence[Combination]
    runs: Sequence[Run]

    @property
    def folder(self) -> Path:
        """Where the comparison goes."""
        return outputs_root(self.runs[0].settings.dataset.root) / self.name

    def execute(self, start: Callable[[Run], int], progress: RunProgress) -> int:
        """Start one run after the other; compare those that succeeded.

        A run that fails does not stop the others. Returns the first exit code that is not 0.
        """
        names = [run.run_id for run in self.runs]
        write_json(self.folder / SWEEP, {"sweep": self.name, "runs": names})
        codes = []
        for number, (run, combination) in enumerate(zip(self.runs, self.combinations, strict=True)):
            progress.note(f"{number + 1} of {len(self.runs)}: {in_words(combination)}")
            codes.append(start(run))
            if codes[-1] == EXIT_INTERRUPTED:
                return EXIT_INTERRUPTED
        done = [run for run, code in zip(self.runs, codes, strict=True) if code == EXIT_OK]
        if done:
            self._compare(done, progress)
        return next((code for code in codes if code != EXIT_OK), EXIT_OK)

    def _compare(self, done: Sequence[Run], progress: RunProgress) -> None:
        dataset, names = done[0].settings.dataset, [run.run_id for run in done]
        comparison = Comparison.of(self.folder.parent, names)
        progress.table(comparison.overview())
        best = comparison.best(_JUDGE)
        if best is not None:
            progress.note(f"highest {_JUDGE}: recsys promote {best} --dataset {dataset.name}")
        parameters = {DATASET: done[0].settings.dataset_name, "runs": names}
        progress.note(f"compared in {_write_comparison(self.folder, parameters)}")


def in_words(combination: Combination) -> str:
    """``als.factors=32, als.alpha=10``."""
    return ", ".join(f"{name}={value}" for name, value in combination.items())


def _write_comparison(folder: Path, parameters: dict[str, Any]) -> Path:
    """Execute the notebook that compares runs; returns its page."""
    from recsys_lib.pipeline.execution.notebook import run_notebook  # noqa: PLC0415  # slow import
    from recsys_lib.pipeline.report import write_page  # noqa: PLC0415  # slow import

    source = project_root() / "notebooks" / f"{COMPARISON}.ipynb"
    executed = run_notebook(source, folder / source.name, parameters)
    if executed.error is not None:
        raise StepFailedError(
            f"the runs are done, but their comparison failed: {executed.error.name}: "
            f"{executed.error.message}, see {folder / source.name}"
        )
    return write_page(folder / source.name)


def _axis(assignment: str) -> tuple[str, list[Any]]:
    name, equals, text = assignment.partition("=")
    form = f"--grid {assignment!r}: write SECTION.NAME=VALUE,VALUE, for example als.factors=32,64"
    if not equals or "." not in name:
        raise ParameterError(form)
    try:
        values = read_value(f"[{text}]")
    except ParameterError as error:
        raise ParameterError(form) from error
    if not values:
        raise ParameterError(form)
    return name.strip(), ["" if value is None else value for value in values]
