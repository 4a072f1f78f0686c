"""The cache key of a step: everything that its result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from recsys_lib.pipeline.cache._libraries import library_versions
from recsys_lib.pipeline.cache.code import code_of, used_modules


@dataclass(frozen=True)
class CacheKey:
    """Everything that the outputs of a step depend on, as values and fingerprints.

    Parameters
    ----------
    notebook: fingerprint of what the code cells do; prose and comments do not count.
    parameters: names such as ``als.factors``, and values.
    inputs: fingerprints of the files that the step reads.
    code: fingerprints of what our modules do that it imports.
    libraries: versions of the libraries that it imports, and of Python.
    """

    notebook: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    code: dict[str, str]
    libraries: dict[str, str]

    @classmethod
    def from_notebook(
        cls,
        notebook: Path,
        parameters: Mapping[str, Any],
        inputs: Mapping[str, str],
        project: Path,
    ) -> CacheKey:
        """The present key of a step; ``project`` is the checkout whose modules it imports."""
        code = code_of(notebook)
        files, foreign = used_modules(code.imports, project)
        return cls(
            notebook=code.digest,
            parameters=dict(parameters),
            inputs=dict(inputs),
            code={path.as_posix(): files[path].digest for path in sorted(files)},
            libraries=library_versions(foreign),
        )

    @classmethod
    def from_record(cls, values: Mapping[str, Any]) -> CacheKey | None:
        """The key in a step's record; None if another release recorded it in another form."""
        known = {field.name for field in fields(cls)}
        return cls(**values) if set(values) == known else None

    @property
    def digest(self) -> str:
        """One fingerprint of all of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def changes_since(self, before: CacheKey) -> list[str]:
        """What differs, for the reader: "parameter als.factors 64 -> 128"."""
        changes = ["the notebook's code changed"] if self.notebook != before.notebook else []
        for name, old, new in _differences(before.parameters, self.parameters):
            changes.append(f"parameter {name} {old!r} -> {new!r}")
        for name, *_ in _differences(before.inputs, self.inputs):
            changes.append(f"input {name} changed")
        for name, *_ in _differences(before.code, self.code):
            changes.append(f"{name} changed")
        for name, old, new in _differences(before.libraries, self.libraries):
            changes.append(f"{name} {old} -> {new}")
        return changes


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)
