"""Input files in a file system of Hadoop: their first lines here, their facts, and their names."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recsys_lib.data._heads import write_head
from recsys_lib.data.formats import is_known
from recsys_lib.data.inputs import InputFiles
from recsys_lib.data.queries import is_reused
from recsys_lib.errors import InputDataError
from recsys_lib.files import link_or_copy, read_json, replacing_folder, write_json
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HEADS_FOLDER, Dataset
from recsys_lib.spark import Cluster
from recsys_lib.spark.hadoop import HadoopFile, HadoopFolder, hadoop_folder

Origins = Mapping[Path, HadoopFile]
"""A file with the first lines of another one -> that one."""

_STATE = ".listing.json"
_AT_ONCE = 8
_ARCHIVE = ".zip"
_LISTED = 8


def origins_of(dataset: Dataset, parameters: EtlParameters) -> Origins:
    """The files in ``spark.folder``, each with its first lines under ``data/processed``; {} for "".

    In a run the folder is listed once. InputDataError where it cannot be listed, or has no file in
    a known format.
    """
    cluster = Cluster.of(parameters, dataset.processed)
    if not parameters.folder or cluster is None:
        return {}
    folder = dataset.processed / HEADS_FOLDER
    state = _listed_before(folder / _STATE, parameters.folder)
    if not (state and is_reused(state["time"])):
        listed_at = time.time()
        with hadoop_folder(parameters.folder, cluster) as remote:
            files = _readable(remote)
            _write_heads(remote, files, folder, state.get("files", {}))
        facts = {name: asdict(file) for name, file in files.items()}
        state = {"url": parameters.folder, "time": listed_at, "files": facts}
        write_json(folder / _STATE, state)
    return {folder / name: HadoopFile(**facts) for name, facts in state["files"].items()}


def _listed_before(file: Path, url: str) -> dict[str, Any]:
    """What was listed of this URL; {} for nothing or a damaged file, which is made again."""
    try:
        state: dict[str, Any] = read_json(file) if file.is_file() else {}
    except ValueError:
        return {}
    return state if state.get("url") == url else {}


def remote_fingerprints(files: InputFiles, cluster: Cluster, url: str) -> list[dict[str, str]]:
    """``[{path, sha256}]`` of each file; InputDataError when one has changed since it was listed.

    The whole of each file is read for it, by the driver.
    """
    read = files.read_origins()
    with hadoop_folder(url, cluster) as remote, ThreadPoolExecutor(_AT_ONCE) as pool:
        prints = list(pool.map(remote.sha256, read))
        now = {file.url: file for file in remote.files().values()}
    for file in read:
        if now.get(file.url) != file:
            raise InputDataError("changed while it was read: load it again", file=file.url)
    return [{"path": file.url, "sha256": digest} for file, digest in zip(read, prints, strict=True)]


def heads_of(dataset: Dataset, parameters: EtlParameters) -> dict[Path, str]:
    """The folder of first lines and the URL that it stands for; {} where the files are here."""
    return {dataset.processed / HEADS_FOLDER: parameters.folder} if parameters.folder else {}


@contextmanager
def telling_urls(urls: Mapping[Path, str]) -> Iterator[None]:
    """Errors about a file or a folder here, or what is in it, name what it stands for."""
    try:
        yield
    except InputDataError as error:
        path = Path(error.file or "")
        for place, url in urls.items():
            if path.is_relative_to(place):
                inside = path.relative_to(place).parts
                told = "/".join([url.rstrip("/"), *inside])
                line, field = error.line, error.field
                raise InputDataError(error.problem, file=told, line=line, field=field) from error
        raise


def _readable(remote: HadoopFolder) -> dict[str, HadoopFile]:
    files = remote.files()
    known = {name: file for name, file in files.items() if _may_be_read(Path(name))}
    if not known:
        there = ", ".join(list(files)[:_LISTED]) or "nothing"
        raise InputDataError(
            f"no file in a format that is read, but {there}: correct spark.folder", file=remote.url
        )
    return known


def _may_be_read(name: Path) -> bool:
    return name.suffix == _ARCHIVE or is_known(name)


def _write_heads(
    remote: HadoopFolder,
    files: Mapping[str, HadoopFile],
    folder: Path,
    before: Mapping[str, Mapping[str, Any]],
) -> None:
    """The first lines of each file; those of files that have not changed are kept."""

    def write(name: str, temporary: Path) -> None:
        target = temporary / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if before.get(name) == asdict(files[name]) and (folder / name).is_file():
            link_or_copy(folder / name, target)
            return
        with remote.open(files[name]) as source:
            write_head(source, files[name].size, target)

    names: Sequence[str] = list(files)
    with replacing_folder(folder) as temporary, ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(write, names, [temporary] * len(names)))
