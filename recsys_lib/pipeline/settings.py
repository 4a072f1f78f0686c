"""The parameters of a run: defaults, then a YAML file, then ``--set``; checked before any step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import ValidationError

from recsys_lib.errors import ParameterError, did_you_mean
from recsys_lib.parameters import (
    AUTO,
    SECTIONS,
    EmbedParameters,
    EtlParameters,
    Section,
    looks_secret,
)
from recsys_lib.paths import SAMPLE, Dataset, project_root
from recsys_lib.yaml_text import read_value

_Parameters = TypeVar("_Parameters", bound=Section)

DATASET = "dataset"
ENGINE, SPARK = "engine", "spark"
_FOR_ALL = (ENGINE, SPARK)
"""Parameters that may be given once for all steps that have them."""


@dataclass(frozen=True)
class Settings:
    """Checked parameters of all steps, and where the run reads and writes.

    Parameters
    ----------
    dataset: the folders of the dataset.
    dataset_name: the parameter as given; notebooks get it as their ``dataset``.
    sections: name of a step -> its parameters.
    changed: names such as ``als.factors`` whose values are not the defaults.
    project: the checkout that holds ``notebooks/`` and ``recsys_lib/``.
    """

    dataset: Dataset
    dataset_name: str
    sections: dict[str, Section]
    changed: list[str]
    project: Path = field(default_factory=project_root)

    def as_dict(self) -> dict[str, Any]:
        """``{dataset, section: {name: value}}``, the form of ``parameters`` in run.json."""
        values = {name: section.model_dump() for name, section in self.sections.items()}
        return {DATASET: self.dataset_name, **values}

    def notebook(self, name: str) -> Path:
        """Path of a notebook in the checkout."""
        return self.project / "notebooks" / f"{name}.ipynb"

    @property
    def etl(self) -> EtlParameters:
        """The parameters of the ETL, which finding the input files takes."""
        return self._section("etl", EtlParameters)

    @property
    def embed(self) -> EmbedParameters:
        """The parameters of search."""
        return self._section("embed", EmbedParameters)

    def _section(self, name: str, kind: type[_Parameters]) -> _Parameters:
        section = self.sections[name]
        if not isinstance(section, kind):
            raise TypeError(f"section {name} holds {type(section).__name__}")
        return section


def read_settings(
    config: Path | None = None,
    assignments: Iterable[str] = (),
    combination: Mapping[str, Any] | None = None,
    *,
    project: Path | None = None,
) -> Settings:
    """Merge parameters and check them; ParameterError names the wrong one.

    Later ones win: the YAML file, then ``section.name=text`` assignments, then the combination of a
    sweep (``section.name`` -> value). ``project`` is the checkout, by default this one.
    """
    values = _read_yaml(config) if config else {}
    for assignment in assignments:
        _assign(values, assignment)
    for name, value in (combination or {}).items():
        section, _, key = name.partition(".")
        _group(values, section)[key] = value
    return read_values(values, project=project)


def read_values(values: Mapping[str, Any], *, project: Path | None = None) -> Settings:
    """Check ``{dataset, section: {name: value}}``, the form of ``parameters`` in run.json."""
    values = dict(values)
    dataset = values.pop(DATASET, SAMPLE)
    if not isinstance(dataset, str):
        raise ParameterError(f"dataset must be a name or a path, got {dataset!r}")
    values = _with_what_holds_for_all(values)
    problems = [
        f"unknown parameter section {name!r}{did_you_mean(name, [DATASET, *_FOR_ALL, *SECTIONS])}"
        for name in values
        if name not in SECTIONS
    ]
    sections = {}
    for name, model in SECTIONS.items():
        try:
            sections[name] = model.model_validate({} if (v := values.get(name)) is None else v)
        except ValidationError as error:
            problems += _problems(name, model, error.errors())
    if problems:
        raise ParameterError("\n".join(problems))
    if Path(dataset).is_absolute():
        dataset = os.path.normpath(dataset)  # a trailing slash is no other dataset
    found = Dataset.find(dataset)
    changed = changed_parameters({name: section.model_dump() for name, section in sections.items()})
    settings = Settings(found, dataset, sections, changed, project or project_root())
    settings.etl.check_folder(is_sample=found.is_sample)
    return settings


def _with_what_holds_for_all(values: dict[str, Any]) -> dict[str, Any]:
    """The sections, each with ``engine`` and ``spark`` of the top level unless it has its own."""
    sections = {name: value for name, value in values.items() if name not in _FOR_ALL}
    for name in _FOR_ALL:
        if name not in values:
            continue
        for section, model in SECTIONS.items():
            if name in model.model_fields:
                group = sections.get(section)
                if group is None or isinstance(group, dict):
                    sections[section] = {name: values[name], **(group or {})}
    return sections


def changed_parameters(values: Mapping[str, Any]) -> list[str]:
    """Names such as ``als.factors`` whose values are not the defaults."""
    return [
        f"{section}.{name}"
        for section, model in SECTIONS.items()
        for name, info in model.model_fields.items()
        if name in values.get(section, {})
        and values[section][name] != info.get_default(call_default_factory=True)
    ]


def sections_of(assignments: Iterable[str]) -> list[str]:
    """The sections that ``section.name=value`` texts set, without ``dataset``."""
    names = (assignment.partition("=")[0].strip().partition(".")[0] for assignment in assignments)
    return [name for name in dict.fromkeys(names) if name in SECTIONS]


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = read_value(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"{path}: cannot be read ({error.strerror})") from error
    except (ParameterError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path}: not YAML ({error})") from error
    if not isinstance(values or {}, dict):
        raise ParameterError(f"{path}: must hold sections such as 'als:' with names and values")
    return dict(values or {})


def _assign(values: dict[str, Any], assignment: str) -> None:
    name, equals, text = assignment.partition("=")
    section, _, key = name.strip().partition(".")
    if not equals or (not key and section not in (DATASET, ENGINE)):
        raise ParameterError(
            f"--set {assignment!r}: write SECTION.NAME=VALUE, for example als.factors=64"
        )
    try:
        value = read_value(text)
    except ParameterError as error:
        raise ParameterError(f"--set {assignment!r}: not a YAML value ({error})") from error
    if section == DATASET:
        values[DATASET] = text.strip()
        return
    if section == ENGINE and not key:
        values[ENGINE] = value
        return
    _group(values, section)[key] = "" if value is None else value


def _group(values: dict[str, Any], section: str) -> dict[str, Any]:
    group = values.setdefault(section, {})
    if not isinstance(group, dict):
        raise ParameterError(f"section {section!r} must hold names and values, got {group!r}")
    return group


def _problems(section: str, model: type[Section], errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each parameter that is wrong.

    For a parameter that may also be ``auto`` pydantic tells one error for each choice, with the
    choice at the end of the path: the first one says what a value must be.
    """
    problems: dict[Any, str] = {}
    for details in errors:
        path = details["loc"]
        name = path[0] if path else ""
        optional = name in model.model_fields and AUTO in _choices(model, name)
        key = name if optional else path
        shorter = {**details, "loc": path[:1]} if optional else details
        problems.setdefault(
            (key, details["type"] == "extra_forbidden"), _problem(section, model, shorter)
        )
    return list(problems.values())


def _choices(model: type[Section], name: str) -> tuple[Any, ...]:
    """The literal values that a parameter of several types may have."""
    kinds = get_args(model.model_fields[name].annotation)
    return tuple(value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind))


def _problem(section: str, model: type[Section], details: Mapping[str, Any]) -> str:
    """One validation error of pydantic as a line for the reader."""
    path = [str(part) for part in details["loc"]]
    name, kind = ".".join([section, *path]), details["type"]
    if not path and kind == "value_error":
        return f"section {section!r}: {details['ctx']['error']}"
    if not path:
        return f"section {section!r} must hold names and values, got {details['input']!r}"
    if kind != "extra_forbidden":
        return f"{name}: {details['msg'].removeprefix('Value error, ')}, got {details['input']!r}"
    if looks_secret(path[-1]):
        return (
            f"{name} looks like a secret: parameters are stored in the notebooks and the report, "
            "so read it from an environment variable instead"
        )
    return f"unknown parameter {name!r}{did_you_mean(path[0], list(model.model_fields))}"
