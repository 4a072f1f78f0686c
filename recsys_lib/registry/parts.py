"""Parts of a model version: a folder of arrays, sealed by a manifest of what is in it.

A version ``models/<dataset>/<version>/`` has the parts ``als``, ``search`` and ``blend``, each
written whole by the step that trains it. ``registry.publish`` joins their manifests to the
version's own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recsys_lib.errors import ArtifactError
from recsys_lib.files import describe, read_json, replacing_folder, write_json
from recsys_lib.paths import Dataset

PART_MANIFEST = "part.json"
ALS_PART = "als"
SEARCH_PART = "search"
BLEND_PART = "blend"
CHAMPION = "champion.json"
EVALUATION = "evaluation"
PER_USER_FILE = "per_user.parquet"

_HEADERS = threading.Lock()
"""NumPy reads a file's header with ``ast``, which Python 3.11 cannot do in two threads at once: now
and then it raises SystemError (python/cpython issue 106905)."""


@dataclass(frozen=True)
class Part:
    """A part of a model version on disk, and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Part:
        """Open a part; ArtifactError when it is absent or a file has not the recorded size."""
        if not (folder / PART_MANIFEST).is_file():
            raise ArtifactError(f"{folder} holds no {PART_MANIFEST}: this part was never trained")
        part = cls(folder, read_json(folder / PART_MANIFEST))
        for name, expected in part.manifest["files"].items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != expected["bytes"]:
                raise ArtifactError(
                    f"{path} is missing or has another size than recorded: train the part again"
                )
        return part

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters the part was trained with."""
        return self.manifest["parameters"]

    def array(self, name: str) -> np.ndarray:
        """A stored array, memory-mapped read-only."""
        return _array(self.folder / name)

    def matrix(self, name: str) -> sparse.csr_matrix:
        """A stored CSR matrix."""
        with _HEADERS:
            return sparse.load_npz(self.folder / name)


def champion(dataset: Dataset) -> Path | None:
    """Folder of the version that is served; None when nothing was published yet."""
    pointer = dataset.models / CHAMPION
    return dataset.version(read_json(pointer)["version"]) if pointer.is_file() else None


def has_part(folder: Path, name: str) -> bool:
    """Whether a version folder has a part that was written to its end."""
    return (folder / name / PART_MANIFEST).is_file()


@contextmanager
def writing_part(
    folder: Path,
    *,
    parameters: dict[str, Any],
    data_fingerprint: str,
    libraries: Sequence[str],
    metrics: dict[str, float] | None = None,
) -> Iterator[Path]:
    """Yield an empty folder to fill; on success seal it and put it at ``folder`` in one rename.

    ``libraries`` are the distributions whose versions the manifest records.
    """
    with replacing_folder(folder) as temporary:
        yield temporary
        files = sorted(path for path in temporary.iterdir() if path.is_file())
        shapes = {path.name: list(_array(path).shape) for path in files if path.suffix == ".npy"}
        manifest = {
            "files": {path.name: describe(path) for path in files},
            "shapes": shapes,
            "parameters": parameters,
            "data_fingerprint": data_fingerprint,
            "libraries": {name: metadata.version(name) for name in libraries},
            "metrics": metrics or {},
        }
        write_json(temporary / PART_MANIFEST, manifest)


def _array(path: Path) -> np.ndarray:
    with _HEADERS:
        return np.load(path, mmap_mode="r", allow_pickle=False)
