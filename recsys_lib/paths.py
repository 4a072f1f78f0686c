"""Where everything lives: the one place that knows the folder layout."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.errors import ParameterError

HOME_VARIABLE = "RECSYS_HOME"
SAMPLE = "sample"
DRAFT = "draft"
"""The model version a notebook writes when it is run alone, outside the pipeline."""

_PROJECT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def project_root() -> Path:
    """The checkout that holds ``notebooks/`` and ``run_pipeline.py``."""
    if not (_PROJECT / "notebooks").is_dir():
        raise ParameterError(
            f"no notebooks/ beside {_PROJECT / 'recsys_lib'}: "
            "the pipeline runs from a checkout; install it with 'pip install -e .'"
        )
    return _PROJECT


def workspace_root() -> Path:
    """The folder that holds data/, models/ and outputs/: $RECSYS_HOME, or the checkout."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser().resolve() if home else _PROJECT


@dataclass(frozen=True)
class Dataset:
    """The folders of one dataset.

    Parameters
    ----------
    name: a folder name; it names the dataset in data/processed/ and models/.
    raw: where the files that were given lie; never written to, except for the sample.
    root: the workspace.
    """

    name: str
    raw: Path
    root: Path

    @classmethod
    def find(cls, dataset: str | Path, root: Path | None = None) -> Dataset:
        """Resolve the ``dataset`` parameter: a name under data/raw, or an absolute path."""
        root = root or workspace_root()
        path = Path(dataset).expanduser()
        if path.is_absolute():
            return cls(name=_safe_name(path.name), raw=path, root=root)
        if not _NAME.fullmatch(str(dataset)):
            raise ParameterError(
                f"dataset {str(dataset)!r} is neither a name under {root / 'data' / 'raw'} "
                "nor an absolute path"
            )
        return cls(name=str(dataset), raw=root / "data" / "raw" / str(dataset), root=root)

    @classmethod
    def of_version(cls, folder: Path) -> Dataset:
        """The dataset to which a folder ``<root>/models/<dataset>/<version>`` belongs."""
        name, root = folder.parent.name, folder.parents[2]
        return cls(name=name, raw=root / "data" / "raw" / name, root=root)

    @property
    def is_sample(self) -> bool:
        """Whether the built-in generator makes this dataset: sample, or sample-USERS."""
        inside = self.raw.parent == self.root / "data" / "raw"
        return inside and re.fullmatch(rf"{SAMPLE}(-\d+)?", self.name) is not None

    @property
    def processed(self) -> Path:
        """What 01_etl leaves: the database and the interactions."""
        return self.root / "data" / "processed" / self.name

    @property
    def database(self) -> Path:
        """The SQLite database of this dataset."""
        return self.processed / "recommender.db"

    @property
    def models(self) -> Path:
        """All model versions of this dataset, and champion.json."""
        return self.root / "models" / self.name

    @property
    def tuning(self) -> Path:
        """Searches for better parameters: the database of studies, and the best as YAML."""
        return self.root / "models" / self.name / "tuning"

    def version(self, version: str) -> Path:
        """The folder of one model version."""
        if not _NAME.fullmatch(version):
            raise ParameterError(f"version {version!r} is not a plain folder name")
        return self.models / version


def outputs_root(root: Path | None = None) -> Path:
    """The folder of all runs."""
    return (root or workspace_root()) / "outputs"


def _safe_name(text: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")
    if not name:
        raise ParameterError(f"dataset path ends in {text!r}, which cannot name a folder")
    return name
