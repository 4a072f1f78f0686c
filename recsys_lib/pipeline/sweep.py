"""A sweep: one run for each combination of parameters, then their comparison."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, ParameterError
from recsys_lib.files import write_json
from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import Run
from recsys_lib.pipeline.pages import notebook_page
from recsys_lib.pipeline.runs.record import HEADLINES, SWEEP
from recsys_lib.pipeline.settings import DATASET
from recsys_lib.programs import recsys
from recsys_lib.yaml_text import read_value

COMPARISON = "compare_runs"
"""The notebook that compares the runs."""
_JUDGE = HEADLINES[-1]

Combination = Mapping[str, Any]
"""``section.name`` -> value."""


def read_grid(assignments: Iterable[str]) -> list[Combination]:
    """Every combination of the values in ``section.name=value,value`` texts.

    Values are written as in YAML; a value that is a list keeps its brackets. Raises ParameterError
    for a text of another form and for a parameter given twice.
    """
    axes: dict[str, list[Any]] = {}
    for assignment in assignments:
        name, values = _axis(assignment)
        if name in axes:
            raise ParameterError(f"--grid {name} is given twice: join its values in one")
        axes[name] = values
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


@dataclass(frozen=True)
class Sweep:
    """Runs over a grid of parameters; none of them becomes the champion by itself.

    A step that several of them share runs once: the others reuse it, as every run does.
    """

    name: str
    combinations: Sequence[Combination]
    runs: Sequence[Run]

    @property
    def folder(self) -> Path:
        """The folder of the comparison."""
        return outputs_root(self.runs[0].settings.dataset.root) / self.name

    def execute(self, start: Callable[[Run], int], progress: RunProgress) -> int:
        """Run one after the other, then compare those that succeeded.

        A failed run does not stop the others. Returns the first exit code that is not 0.
        """
        names = [run.run_id for run in self.runs]
        write_json(self.folder / SWEEP, {"sweep": self.name, "runs": names})
        codes = []
        for number, (run, combination) in enumerate(zip(self.runs, self.combinations, strict=True)):
            progress.note(f"{number + 1} of {len(self.runs)}: {label(combination)}")
            codes.append(start(run))
            if codes[-1] == EXIT_INTERRUPTED:
                return EXIT_INTERRUPTED
        done = [run for run, code in zip(self.runs, codes, strict=True) if code == EXIT_OK]
        if done:
            self._compare(done, progress)
        return next((code for code in codes if code != EXIT_OK), EXIT_OK)

    def _compare(self, done: Sequence[Run], progress: RunProgress) -> None:
        from recsys_lib.pipeline.runs.comparison import Comparison  # noqa: PLC0415  # slow import

        settings, names = done[0].settings, [run.run_id for run in done]
        comparison = Comparison.from_names(self.folder.parent, names)
        progress.table(comparison.overview())
        best = comparison.best(_JUDGE)
        if best is not None:
            promote = f"{recsys()} promote {best} --dataset {settings.dataset.name}"
            progress.note(f"highest {_JUDGE}: {promote}")
        parameters = {DATASET: settings.dataset_name, "runs": names}
        failed = "the runs succeeded, but comparing them failed"
        page = notebook_page(settings.notebook(COMPARISON), self.folder, parameters, failed)
        progress.note(f"comparison: {page}")


def label(combination: Combination) -> str:
    """``als.factors=32, als.alpha=10``."""
    return ", ".join(f"{name}={value}" for name, value in combination.items())


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
