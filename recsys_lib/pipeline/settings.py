"""The parameters of a run: defaults, then a YAML file, then ``--set``, checked before anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recsys_lib.errors import ParameterError, did_you_mean
from recsys_lib.parameters import SECTIONS, EtlParameters, Section
from recsys_lib.paths import SAMPLE, Dataset
from recsys_lib.pipeline.values import read_value

DATASET = "dataset"
_SECRET = re.compile(r"secret|token|passw|api_?key|credential", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """Checked parameters of all steps.

    Parameters
    ----------
    dataset: the folders of the dataset.
    dataset_name: the parameter as it was given; notebooks get it as their ``dataset``.
    sections: one model of parameters for each step.
    changed: names such as ``als.factors`` whose values are not the defaults.
    """

    dataset: Dataset
    dataset_name: str
    sections: dict[str, Section]
    changed: list[str]

    def as_dict(self) -> dict[str, Any]:
        """``{dataset, section: {name: value}}``, as run.json has it."""
        values = {name: section.model_dump() for name, section in self.sections.items()}
        return {DATASET: self.dataset_name, **values}

    @property
    def etl(self) -> EtlParameters:
        """The parameters of the first step, which the input check needs."""
        section = self.sections["etl"]
        if not isinstance(section, EtlParameters):
            raise TypeError(f"section etl holds {type(section).__name__}")
        return section


def read_settings(
    config: Path | None = None,
    assignments: Iterable[str] = (),
    combination: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge and check; raises ParameterError naming the parameter that is wrong.

    Later ones win: the file, ``section.name=text`` assignments, the combination of a sweep
    (``section.name`` -> value).
    """
    values = _read_yaml(config) if config else {}
    for assignment in assignments:
        _assign(values, assignment)
    for name, value in (combination or {}).items():
        section, _, key = name.partition(".")
        _group(values, section)[key] = value
    return read_values(values)


def read_values(values: Mapping[str, Any]) -> Settings:
    """Check ``{dataset, section: {name: value}}``, the form that run.json has, too."""
    values = dict(values)
    dataset = values.pop(DATASET, SAMPLE)
    if not isinstance(dataset, str):
        raise ParameterError(f"dataset must be a name or a path, got {dataset!r}")
    problems = [
        f"unknown parameter section {name!r}{did_you_mean(name, [DATASET, *SECTIONS])}"
        for name in values
        if name not in SECTIONS
    ]
    sections = {}
    for name, model in SECTIONS.items():
        try:
            sections[name] = model.model_validate({} if (v := values.get(name)) is None else v)
        except ValidationError as error:
            problems += _problems(name, model, error)
    if problems:
        raise ParameterError("\n".join(problems))
    return Settings(Dataset.find(dataset), dataset, sections, _changed(sections))


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
    if not equals or (not key and section != DATASET):
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
    _group(values, section)[key] = "" if value is None else value


def _group(values: dict[str, Any], section: str) -> dict[str, Any]:
    group = values.setdefault(section, {})
    if not isinstance(group, dict):
        raise ParameterError(f"section {section!r} must hold names and values, got {group!r}")
    return group


def _problems(name: str, model: type[Section], error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors():
        place = ".".join([name, *map(str, problem["loc"])])
        if problem["type"] == "value_error" and not problem["loc"]:
            lines.append(f"section {name!r}: {problem['ctx']['error']}")
        elif not problem["loc"]:
            lines.append(f"section {name!r} must hold names and values, got {problem['input']!r}")
        elif problem["type"] == "extra_forbidden" and _SECRET.search(str(problem["loc"][-1])):
            lines.append(
                f"{place} looks like a secret: parameters are stored in the notebooks and the "
                "report, so read it from an environment variable instead"
            )
        elif problem["type"] == "extra_forbidden":
            known = list(model.model_fields)
            lines.append(
                f"unknown parameter {place!r}{did_you_mean(str(problem['loc'][0]), known)}"
            )
        else:
            lines.append(f"{place}: {problem['msg']}, got {problem['input']!r}")
    return lines


def _changed(sections: Mapping[str, Section]) -> list[str]:
    return [
        f"{name}.{field}"
        for name, section in sections.items()
        for field, info in type(section).model_fields.items()
        if getattr(section, field) != info.get_default(call_default_factory=True)
    ]
