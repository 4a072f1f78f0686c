"""YAML as people write it: version 1.2, no key twice, and the line of every value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from recsys_lib.errors import ParameterError


class _Loader(yaml.SafeLoader):
    """YAML 1.2: 012 is 12, and no, 1:30 and 2020-01-31 are texts; a key given twice is refused."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012  # as in the base class

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        first: dict[str, yaml.Node] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (before := first.setdefault(key.value, key)) is not key:
                line = before.start_mark.line + 1
                problem = f"{key.value!r} is given twice, first in line {line}: keep one of them"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        return super().construct_mapping(node, deep)

    def construct_decimal(self, node: yaml.ScalarNode) -> int:
        """An integer: 0o and 0x begin octal and hexadecimal ones, a plain 0 means nothing."""
        text = node.value
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_TYPES = {  # the core schema of YAML 1.2, https://yaml.org/spec/1.2.2/#103-core-schema
    "null": r"null|Null|NULL|~|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}
for _name, _pattern in _TYPES.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"({_pattern})$"), None)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_decimal)


def read_value(text: str) -> Any:
    """Parse YAML; ParameterError with the place if that fails."""
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        raise ParameterError(_placed(error)) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: such as !!timestamp 2020-02-30
        raise ParameterError(" ".join(str(error).split())) from error


def _placed(error: yaml.MarkedYAMLError) -> str:
    """What is wrong, after its place."""
    said = " ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {said}" if mark else said


@dataclass(frozen=True)
class YamlDocument:
    """A text with what it says, and where it says that.

    Parameters
    ----------
    value: what the text means.
    root: its nodes; None for an empty text.
    """

    value: Any
    root: yaml.Node | None

    @classmethod
    def from_text(cls, text: str) -> YamlDocument:
        """Parse YAML; ParameterError with the place if that fails."""
        value = read_value(text)
        return cls(value, yaml.compose(text, _Loader))

    def line(self, path: Sequence[str | int]) -> int:
        """The line, from 1, of the value at a path of keys and positions, or of what is nearest."""
        node, line = self.root, 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next((p for p in node.value if p[0].value == step), None)
                if pair is None:
                    return line
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                if step >= len(node.value):
                    return line
                node = node.value[step]
                line = node.start_mark.line + 1
        return line
