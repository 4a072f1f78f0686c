"""What the result of a step depends on, and what changed since it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from recsys_lib.files import fingerprint
from recsys_lib.paths import project_root
from recsys_lib.pipeline.cache.code import code_of, used_modules
from recsys_lib.pipeline.runs.record import KEY_LIBRARIES


@dataclass(frozen=True)
class CacheKey:
    """Everything that a step's outputs are made of, as text and fingerprints.

    Parameters
    ----------
    notebook: fingerprint of the code cells; prose does not count.
    parameters: names such as ``als.factors``, and values.
    inputs: fingerprints of the files it reads.
    sources: fingerprints of our modules that it uses.
    libraries: versions of the key libraries that it uses.
    """

    notebook: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    sources: dict[str, str]
    libraries: dict[str, str]

    @property
    def key(self) -> str:
        """One fingerprint over all of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def changes_since(self, before: CacheKey) -> list[str]:
        """What differs, in words: "parameter als.factors 64 -> 128"."""
        return [
            *(["the notebook's code changed"] if self.notebook != before.notebook else []),
            *(
                f"parameter {name} {old!r} -> {new!r}"
                for name, old, new in _differences(before.parameters, self.parameters)
            ),
            *(f"input {name} changed" for name, *_ in _differences(before.inputs, self.inputs)),
            *(f"{name} changed" for name, *_ in _differences(before.sources, self.sources)),
            *(
                f"{name} {old} -> {new}"
                for name, old, new in _differences(before.libraries, self.libraries)
            ),
        ]


def gather(notebook: Path, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> CacheKey:
    """The cache_key of a step as they are now."""
    code = code_of(notebook)
    files, foreign = used_modules(code)
    return CacheKey(
        notebook=hashlib.sha256(code.encode()).hexdigest(),
        parameters=dict(parameters),
        inputs=dict(inputs),
        sources={path.as_posix(): _source(path) for path in sorted(files)},
        libraries={
            KEY_LIBRARIES[name]: metadata.version(KEY_LIBRARIES[name])
            for name in sorted(foreign & set(KEY_LIBRARIES))
        },
    )


def _source(path: Path) -> str:
    return fingerprint(project_root() / path)


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)
