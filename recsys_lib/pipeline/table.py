"""The table of steps: checked before anything starts, brought into order, and chosen from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from string import Formatter

from recsys_lib.data.counts import Counts
from recsys_lib.errors import ParameterError, did_you_mean
from recsys_lib.parameters import SECTIONS
from recsys_lib.pipeline.steps import DATA, MONITOR, VERSION, Step

_FOLDERS = (DATA, VERSION, MONITOR)


def check_table(table: Sequence[Step]) -> None:
    """Raise ParameterError if the table cannot run: it names the step and what is wrong in it."""
    names = [step.name for step in table]
    twice = [name for name, count in Counter(names).items() if count > 1]
    problems = [f"step {name!r} is in the table twice" for name in twice]
    for step in table:
        problems += [f"step {step.name!r}: {problem}" for problem in _problems(step, names)]
    if problems:
        raise ParameterError("\n".join(problems))
    running_order(table)


def running_order(steps: Sequence[Step]) -> list[Step]:
    """``steps`` with each one after its dependencies; in the order of the table where possible.

    Raises ParameterError if steps need each other in a circle.
    """
    sorter, by_name = sorter_of(steps), {step.name: step for step in steps}
    position = {step.name: number for number, step in enumerate(steps)}
    ready: list[str] = []
    order: list[Step] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=position.__getitem__)
        order.append(by_name[ready.pop(0)])
        sorter.done(order[-1].name)
    return order


def sorter_of(steps: Sequence[Step]) -> TopologicalSorter[str]:
    """A sorter that says which of ``steps`` are ready; needs outside of ``steps`` count as done.

    Raises ParameterError if steps need each other in a circle.
    """
    names = {step.name for step in steps}
    graph = {step.name: [d for d in step.dependencies if d in names] for step in steps}
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        links = [f"step {later!r} needs {earlier!r}" for earlier, later in pairwise(error.args[1])]
        raise ParameterError(f"steps need each other in a circle: {', '.join(links)}") from error
    return sorter


def select(
    table: Sequence[Step], names: Sequence[str] = (), start: str | None = None
) -> list[Step]:
    """Choose the steps to run.

    Parameters
    ----------
    table : sequence of Step
        All steps of the pipeline.
    names : sequence of str
        Choose only these steps; if empty all but those that run on request.
    start : str, optional
        Choose only this step and those after it.

    Returns
    -------
    list of Step
        The chosen steps, in running order.

    Raises
    ------
    ParameterError
        For a name that is not in the table, or if no step is left.

    Examples
    --------
    >>> table = (Step("etl", "01_etl"), Step("als", "02_train_als", needs=("etl",)))
    >>> [step.name for step in select(table, start="als")]
    ['als']
    """
    order = running_order(table)
    known = [step.name for step in order]
    for name in [*names, *([start] if start else [])]:
        if name not in known:
            raise ParameterError(f"no step {name!r}{did_you_mean(name, known)}")
    first = known.index(start) if start else 0
    asked_for = (*names, start)
    chosen = [
        step
        for step in order[first:]
        if (not names or step.name in names) and (not step.on_request or step.name in asked_for)
    ]
    if not chosen:
        raise ParameterError(f"--steps {','.join(names)} names no step from {start!r} on")
    return chosen


def independent(step: Step, table: Sequence[Step]) -> list[Step]:
    """The steps that can run beside ``step``: neither needs the other, directly or indirectly.

    Those that run on request do not count, as they are not there in most runs.
    """
    needed: dict[str, set[str]] = {}
    for other in running_order(table):
        needed[other.name] = set(other.needs).union(*(needed[name] for name in other.needs))
    return [
        other
        for other in table
        if other.name != step.name
        and not other.on_request
        and other.name not in needed[step.name]
        and step.name not in needed[other.name]
    ]


def _problems(step: Step, names: Sequence[str]) -> Iterator[str]:
    if step.name not in SECTIONS:
        hint = did_you_mean(step.name, list(SECTIONS))
        yield f"recsys_lib/parameters.py has no section of this name{hint}"
    if step.notebook.endswith(".ipynb"):
        yield f"leave out the ending: write notebook={step.notebook.removesuffix('.ipynb')!r}"
    counts = list(Counts.__annotations__)
    named = [("skip_unless", name) for name in step.works_on]
    named += [("also_if", step.also_if)] if step.also_produces else []
    for field, name in named:
        if name not in counts:
            yield f"{field} {name!r} is no count of the ETL{did_you_mean(name, counts)}"
    for field in ("needs", "optional_needs", "produces", "also_produces", "may_write"):
        if isinstance(getattr(step, field), str):
            yield f"{field} must be a tuple: write {field}=({getattr(step, field)!r},)"
            return
    for name, count in Counter(step.dependencies).items():
        if count > 1:
            yield f"needs {name!r} twice"
        if name not in names:
            yield f"needs {name!r}, which is no step{did_you_mean(name, names)}"
    for template in (*step.produces, *step.also_produces, *step.may_write):
        yield from _template_problems(template)
    files = [Path(template).name for template in step.produces]
    if step.metrics and step.metrics not in files:
        yield f"metrics {step.metrics!r} is no produced file{did_you_mean(step.metrics, files)}"


def _template_problems(template: str) -> Iterator[str]:
    try:
        fields = [field for _, field, *_ in Formatter().parse(template) if field is not None]
    except ValueError as error:
        yield f"{template!r} is no template ({error})"
        return
    known = [folder.strip("{}") for folder in _FOLDERS]
    unknown = [field for field in fields if field not in known]
    for field in unknown:
        yield f"{template!r} has an unknown field {field!r}{did_you_mean(field, known)}"
    if not unknown and not template.startswith(tuple(f"{folder}/" for folder in _FOLDERS)):
        yield f"{template!r} must begin with one of {'/, '.join(_FOLDERS)}/"
