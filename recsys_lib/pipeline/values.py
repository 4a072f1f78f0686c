"""Values of parameters as people write them: the only module that reads YAML."""

from __future__ import annotations

import re
from typing import Any

import yaml

from recsys_lib.errors import ParameterError

_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")


class _Loader(yaml.SafeLoader):
    """YAML in which 1e-4 is a number, as it is in Python, and no name is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                problem = f"{name!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


def read_value(text: str) -> Any:
    """What a text means in YAML; ParameterError with the place when it means nothing."""
    try:
        return yaml.load(text, _Loader)  # which is a SafeLoader
    except yaml.YAMLError as error:
        raise ParameterError(" ".join(str(error).split())) from error
