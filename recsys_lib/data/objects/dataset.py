"""A dataset in object storage, kept alike in data/raw/."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pyarrow import fs

from recsys_lib.data.objects.store import Store
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.files import read_json, replacing, write_json
from recsys_lib.paths import is_version_name, raw_root
from recsys_lib.places import SAMPLE_NAME

_STATE = ".fetched.json"


class Fetched(NamedTuple):
    """Where a dataset is, and the names of files that were fetched, kept, and gone from the URL."""

    folder: Path
    fetched: list[str]
    unchanged: list[str]
    gone: list[str]


def fetch_dataset(url: str, name: str, root: Path | None = None) -> Fetched:
    """Copy the files under a URL into ``data/raw/<name>/``, those that changed and no others.

    Each file is replaced whole. After a failure what was there is still there, and the next call
    goes on. A file that is gone from the URL stays here, and is named.

    Parameters
    ----------
    url
        Such as ``s3://bucket/shop``; see :class:`Store`.
    name
        Of the dataset.
    root
        The workspace; $RECSYS_HOME or the checkout by default.

    Raises
    ------
    ParameterError
        For a bad URL or name, or a folder with files that come from elsewhere.
    InputDataError
        If the storage does not answer, forbids reading, or has no files there.
    StorageError
        If a file cannot be written.

    Examples
    --------
    >>> fetch_dataset("s3://exports/shop", "shop").fetched  # doctest: +SKIP
    ['products.parquet', 'reviews.parquet']
    """
    if not is_version_name(name) or SAMPLE_NAME.fullmatch(name):
        raise ParameterError(f"a dataset cannot be called {name!r}: choose a plain name")
    store = Store(url)
    folder = raw_root(root) / name
    state = _state(folder, store.url)
    files = store.files()
    if not files:
        raise InputDataError("there is no file: correct the URL", file=store.url)
    done = Fetched(folder, [], [], sorted(set(state) - set(files)))
    try:
        for file, info in files.items():
            if _is_here(folder / file, info, state.get(file)):
                done.unchanged.append(file)
                continue
            with replacing(folder / file) as temporary:
                store.receive(info.path, temporary)
            state[file] = _facts(info)
            done.fetched.append(file)
    finally:
        if done.fetched:
            write_json(folder / _STATE, {"url": store.url, "files": state})
    return done


def _state(folder: Path, url: str) -> dict[str, Any]:
    """What was fetched before, by file; ParameterError for a folder of other files."""
    if not (folder / _STATE).is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise ParameterError(
                f"{folder} has files that were not fetched: choose another name, or move them away"
            )
        return {}
    state = read_json(folder / _STATE)
    if state["url"] != url:
        raise ParameterError(f"{folder} was fetched from {state['url']}: choose another name")
    return dict(state["files"])


def _facts(info: fs.FileInfo) -> dict[str, int | None]:
    return {"bytes": info.size, "modified_ns": info.mtime_ns}


def _is_here(path: Path, info: fs.FileInfo, before: dict[str, int | None] | None) -> bool:
    """Whether a file is as it was fetched; never where the storage tells no time."""
    known = info.mtime_ns is not None and before == _facts(info)
    return known and path.is_file() and path.stat().st_size == info.size
