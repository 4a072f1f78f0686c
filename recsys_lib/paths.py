"""Where everything lives: the one module that knows the folder layout."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from recsys_lib import places
from recsys_lib.errors import ParameterError, did_you_mean

HOME_VARIABLE = "RECSYS_HOME"
SAMPLE = "sample"
DRAFT = "draft"
"""The model version that a notebook writes when it runs outside of the pipeline."""

DATABASE_FILE = "recommender.db"
SUMMARY_FILE = "summary.json"
INTERACTION_FILES = ("interactions.parquet", "users.parquet", "items.parquet")
ROWS_FILE = "rows.parquet"
REJECTED_FILE = "rejected.jsonl"
JOURNAL_FOLDER = "journal"
QUERIES_FOLDER = "queries"
HEADS_FOLDER = "heads"
EMBEDDING_CACHE_FILE = "embeddings.db"
"""These eight lie in data/processed/<dataset>/."""
MONITOR_FILE = "monitor.json"
"""In outputs/monitor/<dataset>/."""
RULES_FILE = "rules.yaml"
"""In data/rules/<dataset>/."""
FORGOTTEN_FILE = "forgotten.json"
"""In data/updates/<dataset>/, beside what updates added."""
CHECKPOINTS_FOLDER = ".checkpoints"
"""In data/processed/<dataset>/; hidden, since no result depends on it."""

_PROJECT = Path(__file__).resolve().parent.parent
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


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


def outputs_root(root: Path | None = None) -> Path:
    """The folder of all runs."""
    return (root or workspace_root()) / "outputs"


def raw_root(root: Path | None = None) -> Path:
    """The folder of datasets that are known by their name alone."""
    return (root or workspace_root()) / places.RAW_FOLDER


@dataclass(frozen=True)
class Dataset:
    """The folders of one dataset.

    A dataset is its folder of raw files. Two folders of the same last name are two datasets, with
    databases and models of their own.

    Parameters
    ----------
    name: names the dataset in data/processed/ and models/.
    raw: the folder of the given files; never written to, except for the sample.
    root: the workspace.
    """

    name: str
    raw: Path
    root: Path

    @classmethod
    def find(cls, dataset: str | Path, root: Path | None = None) -> Dataset:
        """Find the folders of a dataset.

        Nothing is read or created but the records of which folder owns which name.

        Parameters
        ----------
        dataset
            A name under data/raw/, the name of a dataset as ``recsys runs`` lists it, or the
            absolute path of a folder.
        root
            The workspace; $RECSYS_HOME or the checkout by default.

        Returns
        -------
        Dataset
            Its ``name`` is the folder's last name, or has a hash added when the name belongs to
            another folder.

        Raises
        ------
        ParameterError
            For a relative path.

        Examples
        --------
        >>> workspace = Path("/tmp/workspace")
        >>> shop = Dataset.find("shop", workspace)
        >>> shop.raw.as_posix(), shop.database.as_posix()  # doctest: +NORMALIZE_WHITESPACE
        ('/tmp/workspace/data/raw/shop',
         '/tmp/workspace/data/processed/shop/recommender.db')
        >>> Dataset.find("/exports/My Shop", workspace).name
        'My-Shop'
        """
        root, name, path = root or workspace_root(), str(dataset), Path(dataset).expanduser()
        if path.is_absolute():
            return cls._from_folder(path, root)
        if name in ("", ".", "..") or "/" in name:
            raise ParameterError(
                f"dataset {name!r} is neither a name under {raw_root(root)} nor an absolute path"
            )
        folder = raw_root(root) / name
        owner = None if folder.is_dir() else places.owner(name, root)
        return cls._from_folder(root / owner if owner else folder, root)

    @classmethod
    def from_place(cls, name: str, root: Path) -> Dataset:
        """The dataset that owns ``models/<name>/``."""
        return cls(name, root / (places.owner(name, root) or places.RAW_FOLDER / name), root)

    @classmethod
    def from_version(cls, folder: Path) -> Dataset:
        """The dataset to which a folder ``<root>/models/<dataset>/<version>`` belongs."""
        return cls.from_place(folder.parent.name, folder.parents[2])

    @classmethod
    def _from_folder(cls, raw: Path, root: Path) -> Dataset:
        identity = Path(places.identity(raw, root))
        raw = raw if identity.is_absolute() else root / identity
        return cls(places.place_of(raw, root), raw, root)

    def require(self) -> None:
        """Raise ParameterError if there is no such dataset, with the name that may be meant."""
        if self.is_sample or self.raw.is_dir() or self.models.is_dir():
            return
        if self.raw.parent == raw_root(self.root):
            hint = did_you_mean(self.raw.name, dataset_names(self.root))
            raise ParameterError(f"there is no dataset {self.raw.name!r}{hint}")
        raise ParameterError(f"there is no folder {self.raw}: check the path of the dataset")

    def claim(self) -> Dataset:
        """Record that this folder owns its name, before anything is written under it.

        Returns the dataset to work with: if another process has just taken the name for another
        folder, one with its next name.
        """
        return replace(self, name=places.claim(self.raw, self.root))

    @property
    def argument(self) -> str:
        """The value of the parameter ``dataset`` that leads here."""
        return self.raw.name if self.raw.parent == raw_root(self.root) else str(self.raw)

    @property
    def name_note(self) -> str:
        """Why the name is not that of the folder, in a sentence; "" when it is."""
        plain = self.raw.name
        if self.name == plain:
            return ""
        owner = places.owner(plain, self.root)
        where = "the built-in sample" if places.SAMPLE_NAME.fullmatch(plain) else owner
        why = f", since {plain!r} belongs to {where}" if where else ""
        return f"results of {self.raw} are kept under the name {self.name!r}{why}"

    @property
    def is_sample(self) -> bool:
        """Whether the built-in generator makes this dataset: sample, or sample-USERS."""
        return places.is_sample(self.raw, self.root)

    @property
    def processed(self) -> Path:
        """What 01_etl leaves: the database and the interactions."""
        return self.root / "data" / "processed" / self.name

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.processed / DATABASE_FILE

    @property
    def checkpoints(self) -> Path:
        """What killed computations go on from."""
        return self.processed / CHECKPOINTS_FOLDER

    @property
    def feedback(self) -> Path:
        """What was served, and what people did with it."""
        return self.root / "data" / "feedback" / self.name

    @property
    def monitored(self) -> Path:
        """What the last monitor found; the page of ``recsys monitor`` is beside it."""
        return outputs_root(self.root) / "monitor" / self.name / MONITOR_FILE

    @property
    def updates(self) -> Path:
        """What updates added to the given files, and who is forgotten."""
        return self.root / "data" / "updates" / self.name

    @property
    def rules(self) -> Path:
        """The rules of the shop; written by hand, and the file need not be there."""
        return self.root / "data" / "rules" / self.name / RULES_FILE

    @property
    def models(self) -> Path:
        """All model versions, and which of them is the champion."""
        return self.root / "models" / self.name

    @property
    def tuning(self) -> Path:
        """Searches for better parameters: the database of studies, and the best as YAML."""
        return self.models / "tuning"

    def shown(self, path: Path) -> str:
        """A path as it can be read elsewhere: without the folders of this machine."""
        for base in (self.root, self.raw.parent):
            if path.is_relative_to(base):
                return path.relative_to(base).as_posix()
        return path.name

    def version(self, version: str) -> Path:
        """The folder of one model version."""
        if not is_version_name(version):
            raise ParameterError(f"version {version!r} is not a plain folder name")
        return self.models / version


def is_version_name(text: str) -> bool:
    """Whether a model version can have this name: a plain folder name that is not hidden."""
    return _VERSION.fullmatch(text) is not None


def dataset_names(root: Path | None = None) -> list[str]:
    """All names that :meth:`Dataset.find` knows: folders in data/raw/, and those with results."""
    root = root or workspace_root()
    raw = {path.name for path in raw_root(root).glob("[!.]*") if path.is_dir()}
    return sorted({SAMPLE} | raw | places.known_places(root))
