"""Parts of a model version: folders of arrays, each sealed by a manifest of its files.

A version ``models/<dataset>/<version>/`` has the parts ``als``, ``search`` and ``blend``. The step
that trains a part writes it whole; ``registry.publish`` joins their manifests to the version's.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from recsys_lib.errors import ArtifactError
from recsys_lib.files import describe, fingerprint, read_json, replacing_folder, write_json
from recsys_lib.imports import versions_of
from recsys_lib.paths import Dataset

if TYPE_CHECKING:
    import numpy as np

ALS_PART = "als"
SEARCH_PART = "search"
BLEND_PART = "blend"
PARTS = (ALS_PART, SEARCH_PART, BLEND_PART)
PART_MANIFEST = "part.json"
"""In each part."""
MANIFEST = "manifest.json"
"""In the folder of a published version."""
CHAMPION = "champion.json"
"""Beside the versions of a dataset."""
EVALUATION = "evaluation"
"""The folder of a version with what its evaluation measured."""
ITEM_FACTORS_FILE = "item_factors.npy"
INDEX_FILE = "index.faiss"
METRICS_FILE = "metrics.json"
PER_USER_FILE = "per_user.parquet"

_TIMING = re.compile(r"seconds|per_second|texts_encoded")
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
        """Open a part.

        Only sizes are checked here, which takes no time; ``registry.verify`` checks the content.

        Parameters
        ----------
        folder
            ``<version>/<part>``.

        Returns
        -------
        Part
            The arrays are read when they are asked for.

        Raises
        ------
        ArtifactError
            If the part is missing, or a file is missing or has a size other than recorded.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> with TemporaryDirectory() as version:
        ...     options = {"parameters": {"factors": 2}, "data_fingerprint": "f"}
        ...     with writing_part(Path(version, "als"), libraries=["numpy"], **options) as folder:
        ...         np.save(folder / "item_factors.npy", np.eye(2))
        ...     part = Part.read(Path(version, "als"))
        ...     part.parameters, part.array("item_factors.npy").shape
        ({'factors': 2}, (2, 2))
        """
        if not (folder / PART_MANIFEST).is_file():
            raise ArtifactError(f"{folder} has no {PART_MANIFEST}: this part was never trained")
        part = cls(folder, read_json(folder / PART_MANIFEST))
        for name, expected in part.manifest["files"].items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != expected["bytes"]:
                raise ArtifactError(
                    f"{path} is missing or has a size other than recorded: train the part again"
                )
        return part

    def check(self) -> None:
        """Compare the content of every file with its SHA-256; ArtifactError for a damaged one."""
        for name, expected in self.manifest["files"].items():
            if fingerprint(self.folder / name) != expected["sha256"]:
                raise ArtifactError(
                    f"{self.folder / name} is damaged, its content differs from what was written: "
                    "train the part again"
                )

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters the part was trained with."""
        return self.manifest["parameters"]

    def array(self, name: str) -> np.ndarray:
        """A stored array, memory-mapped read-only."""
        return open_array(self.folder / name)


def content_digest(path: Path) -> str:
    """A fingerprint of a file by which later steps tell whether it changed.

    Of the manifest of a part it leaves out how long the training took.
    """
    if path.name != PART_MANIFEST:
        return fingerprint(path)
    manifest = read_json(path)
    metrics = manifest.get("metrics", {})
    manifest["metrics"] = {k: v for k, v in metrics.items() if not _TIMING.search(k)}
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def champion(dataset: Dataset) -> Path | None:
    """Folder of the version that is served; None if no version was promoted yet."""
    pointer = dataset.models / CHAMPION
    try:
        return dataset.version(str(read_json(pointer)["version"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{pointer} does not name a version: 'recsys promote VERSION --dataset "
            f"{dataset.name}' writes it again"
        ) from error


class Choice(NamedTuple):
    """How the champion was chosen: by a person and not by a run, and against all later runs."""

    by_hand: bool = False
    pinned: bool = False


def choice(dataset: Dataset) -> Choice:
    """How the version that is served was chosen."""
    if champion(dataset) is None:
        return Choice()
    stored = read_json(dataset.models / CHAMPION)
    return Choice(bool(stored.get("by_hand")), bool(stored.get("pinned")))


def has_part(folder: Path, name: str) -> bool:
    """Whether a version folder has a complete part of this name."""
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

    ``libraries`` are the distributions whose versions the manifest records, where they are
    installed. It is written at the end: ``parameters`` and ``metrics`` that are not empty can still
    get entries in the block.
    """
    with replacing_folder(folder) as temporary:
        yield temporary
        files = sorted(path for path in temporary.iterdir() if path.is_file())
        shapes = {
            path.name: list(open_array(path).shape) for path in files if path.suffix == ".npy"
        }
        manifest = {
            "files": {path.name: describe(path) for path in files},
            "shapes": shapes,
            "parameters": parameters,
            "data_fingerprint": data_fingerprint,
            "libraries": versions_of(libraries),
            "metrics": metrics or {},
        }
        write_json(temporary / PART_MANIFEST, manifest)


def open_array(path: Path) -> np.ndarray:
    """An .npy file, memory-mapped read-only."""
    import numpy as np  # noqa: PLC0415  # a run that is cached reads no array

    with _HEADERS:
        return np.load(path, mmap_mode="r", allow_pickle=False)
