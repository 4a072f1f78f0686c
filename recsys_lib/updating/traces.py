"""Where a workspace names users beside its data: old versions and outputs, such as exports."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from recsys_lib.als import has_user_ids, user_ids
from recsys_lib.columns import Exports
from recsys_lib.files import read_json
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.registry import ALS_PART

_RECORD = "run.json"
_DATABASE = ".db"  # where Feast keeps what it looks up
_SUFFIXES = (".ipynb", ".html", ".json", ".jsonl", ".txt", ".csv", ".parquet", _DATABASE)
_KINDS = ("exports", "features", "monitor")
_COLUMNS = {"users.parquet": "id", "per_user.parquet": "user"}
"""Columns of users in the Parquet files of versions, also of those that an earlier version of the
project wrote; those of exports and features have their own."""


@dataclass(frozen=True)
class Traces:
    """Folders and files that name users.

    Parameters
    ----------
    versions: folders of versions whose parts or evaluation hold them.
    files: of outputs.
    """

    versions: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def remove(self) -> None:
        """Remove all of them; what a run wrote can be written again by a run."""
        for path in self.versions:
            shutil.rmtree(path)
        for path in self.files:
            path.unlink()


def traces_of(dataset: Dataset, users: Sequence[str]) -> Traces:
    """Look through all versions of a dataset, and through the outputs of its runs.

    Parameters
    ----------
    dataset
        Whose versions and outputs.
    users
        Their ids.

    Returns
    -------
    Traces
        An id counts where it stands alone, not inside of a longer word.
    """
    names = _Names(users)
    versions = [
        folder
        for folder in sorted(dataset.models.glob("[!.]*"))
        if folder.is_dir()
        and (names.are_users_of(folder) or any(map(names.are_in, _parquet(folder))))
    ]
    files = [path for path in _outputs(dataset) if names.are_in(path)]
    return Traces(versions, files)


class _Names:
    """Ids of users, as files write them."""

    def __init__(self, users: Sequence[str]) -> None:
        self._users = [*users]
        written = {
            form for user in users for form in (user, json.dumps(user)[1:-1], html.escape(user))
        }
        either = b"|".join(re.escape(form.encode()) for form in sorted(written))
        self._pattern = re.compile(rb"(?<![\w-])(?:" + either + rb")(?![\w-])")

    def are_in(self, path: Path) -> bool:
        """Whether a file names one of them."""
        if path.suffix == ".parquet":
            return self._in_table(path)
        if path.suffix == _DATABASE:  # any byte can be beside an id
            content = path.read_bytes()
            return any(user.encode() in content for user in self._users)
        return self._pattern.search(path.read_bytes()) is not None

    def are_users_of(self, version: Path) -> bool:
        """Whether the ALS part of a version has one of them."""
        part = version / ALS_PART
        if not has_user_ids(part):
            return False
        known = user_ids(part)
        return any(user in known for user in self._users)

    def _in_table(self, path: Path) -> bool:
        there = pl.read_parquet_schema(path)
        wanted = (Exports.USER, _COLUMNS.get(path.name))
        columns = [name for name in wanted if name is not None and name in there]
        table = pl.read_parquet(path, columns=columns, glob=False)
        return any(table[name].cast(pl.String).is_in(self._users).any() for name in columns)


def _parquet(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.parquet"))


def _outputs(dataset: Dataset) -> Iterator[Path]:
    """Files of the dataset's runs, exports, features and monitor."""
    root = outputs_root(dataset.root)
    folders = [root / kind / dataset.name for kind in _KINDS]
    folders += [
        record.parent for record in sorted(root.glob(f"*/{_RECORD}")) if _is_of(record, dataset)
    ]
    yield from _files({folder.resolve() for folder in folders if folder.is_dir()})


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in sorted(folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != _RECORD and path.suffix in _SUFFIXES:
                yield path


def _is_of(record: Path, dataset: Dataset) -> bool:
    return bool(read_json(record).get("dataset") == dataset.name)
