"""Tables for the terminal: the runs, a comparison of runs, the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic.fields import FieldInfo
from rich.table import Table
from rich.text import Text

from recsys_lib.display.terminal import frame_table, text_table
from recsys_lib.errors import ArtifactError, ParameterError, did_you_mean
from recsys_lib.parameters import AUTO, SECTIONS, Section
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.pipeline.runs.comparison import Comparison
from recsys_lib.pipeline.runs.record import HEADLINES, RUNNING
from recsys_lib.pipeline.runs.stored import records_of
from recsys_lib.registry import champion, removed_champion, trained_version
from recsys_lib.registry.in_use import is_worked_on

_MOST_RUNS = 4  # more do not fit side by side
_UNIONS = (Union, UnionType)
_SIGNS = ((Ge, "ge", ">="), (Gt, "gt", ">"), (Le, "le", "<="), (Lt, "lt", "<"))


@dataclass(frozen=True)
class _Served:
    """The run that trained a dataset's champion, "" if none did; or why it cannot be told."""

    version: str = ""
    problem: str = ""

    @classmethod
    def of_dataset(cls, name: str, root: Path) -> _Served:
        try:
            dataset = Dataset.from_place(name, root)
            folder, removed = champion(dataset), removed_champion(dataset)
            run = trained_version(folder) if folder and not removed else ""
        except ArtifactError as error:
            return cls(problem=f"the champion of dataset {name!r} is unreadable: {error}")
        if folder is None or removed:
            return cls(problem=f"dataset {name!r}: {removed}" if removed else "")
        return cls(run)

    def mark(self, run_id: str) -> str:
        """A star for the champion, a question mark for a run that may be the champion."""
        if self.problem:
            return "?"
        return "*" if self.version == run_id else ""


def runs_table(root: Path, dataset: str | None = None) -> tuple[Table, list[str]]:
    """All runs of a workspace, newest first, and what is wrong with champions.

    A star marks the champion of a dataset, question marks a dataset whose champion is unknown.
    """
    table = text_table("run", "", "dataset", "status", "started", "changed", *HEADLINES)
    records = records_of(outputs_root(root), dataset)
    names = dict.fromkeys(record["dataset"] for record in records)
    served = {name: _Served.of_dataset(name, root) for name in names}
    for record in records:
        changed = ", ".join(record["changed_parameters"])
        metrics = (_number(record["metrics"].get(name)) for name in HEADLINES)
        started = record["started_at"][:16].replace("T", " ")
        mark = served[record["dataset"]].mark(record["run_id"])
        cells = (record["run_id"], mark, record["dataset"], _status(record, root), started, changed)
        table.add_row(*(Text(cell) for cell in (*cells, *metrics)))
    return table, [one.problem for one in served.values() if one.problem]


def comparison_tables(comparison: Comparison) -> list[Table]:
    """A row for each run, and, if they are few, what differs side by side."""
    tables = [frame_table(comparison.overview())]
    if len(comparison.records) > _MOST_RUNS:
        return tables
    parts = {
        "parameter": comparison.parameters(),
        "also differs": comparison.other_differences(),
        "metric": comparison.metric_table(),
    }
    return tables + [
        frame_table(frame.rename({"name": title})) for title, frame in parts.items() if len(frame)
    ]


def parameters_table(section: str | None = None) -> Table:
    """Every parameter with type, default, range and help; ParameterError for an unknown section."""
    if section is not None and section not in SECTIONS:
        raise ParameterError(f"no section {section!r}{did_you_mean(section, list(SECTIONS))}")
    table = text_table("parameter", "type", "default", "range", "meaning")
    for name, model in SECTIONS.items():
        if section in (None, name):
            _add_section(table, name, model)
    return table


def _status(record: Mapping[str, Any], root: Path) -> str:
    """How a run ended; "killed" when it could not record its end."""
    status = str(record["status"])
    killed = status == RUNNING and not is_worked_on(root / "models" / record["dataset"])
    return "killed" if killed else status


def _add_section(table: Table, name: str, model: type[Section]) -> None:
    for field, info in model.model_fields.items():
        default = repr(info.get_default(call_default_factory=True))
        cells = (f"{name}.{field}", _type(info), default, _range(info), info.description or "")
        table.add_row(*(Text(cell) for cell in cells))


def _type(info: FieldInfo) -> str:
    if get_origin(info.annotation) in _UNIONS:
        first = get_args(info.annotation)[0]
        return f"{_type(FieldInfo.from_annotation(first))} or {AUTO}"
    name = getattr(info.annotation, "__name__", "")
    if name == "Literal":
        return "one of"
    return str(_plain(info.annotation)) if "[" in str(info.annotation) else name


def _plain(annotation: Any) -> Any:
    """The type without limits: ``list[int]`` for a list of integers in a range."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _plain(arguments[0])
    if not arguments:
        return annotation
    plain = tuple(_plain(argument) for argument in arguments)
    if get_origin(annotation) in _UNIONS:
        return reduce(or_, plain)
    return get_origin(annotation)[plain]


def _range(info: FieldInfo) -> str:
    """The limits, ">= 1, <= 4096", or the choices."""
    if get_origin(info.annotation) in _UNIONS:
        return _range(FieldInfo.from_annotation(get_args(info.annotation)[0]))
    if getattr(info.annotation, "__name__", "") == "Literal":
        return ", ".join(map(str, getattr(info.annotation, "__args__", ())))
    found = [
        f"{sign} {getattr(limit, attribute)}"
        for limit in info.metadata
        for kind, attribute, sign in _SIGNS
        if isinstance(limit, kind)
    ]
    return ", ".join(found + ["not empty" for m in info.metadata if isinstance(m, MinLen)])


def _number(value: float | Mapping[str, Any] | None) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "-"
