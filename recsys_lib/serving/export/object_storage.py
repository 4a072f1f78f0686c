"""Versions of the models in object storage: readers find all of one, or nothing of it.

``<url>/<dataset>/<version>/`` has its files, and ``<url>/<dataset>/champion.json`` names the newest
that was pushed. A manifest is written after the files that it lists, the pointer after both.
"""

from __future__ import annotations

import json
from pathlib import Path

from recsys_lib import registry
from recsys_lib.data.objects.store import Store, require_inside
from recsys_lib.errors import ArtifactError, InputDataError
from recsys_lib.files import read_json, replacing_folder
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.registry.manifest import damaged_files

_OF_THE_RUN = ("report.html", "run.json")
_POINTED_AT = "version"


def push_version(url: str, dataset: Dataset, version: str = "") -> list[str]:
    """Copy a version, and the report and the record of its run, to a URL.

    A version that is there already stays as it is; then only the pointer is written.

    Parameters
    ----------
    url
        Such as ``s3://bucket/models``; see :class:`~recsys_lib.data.objects.Store`.
    dataset
        Whose version.
    version
        Its name; the champion by default.

    Returns
    -------
    list of str
        Names of the files that were sent, under ``<url>/<dataset>/``.

    Raises
    ------
    ArtifactError
        If files of the version are damaged, or another version of this name is there.
    InputDataError
        If the storage does not answer or forbids writing; readers see what they saw before.

    Examples
    --------
    >>> push_version("s3://bucket/models", Dataset.find("shop"))  # doctest: +SKIP
    ['20261128-101500-ab12/als/item_factors.npy', ...]
    """
    folder = dataset.version(version) if version else registry.require_champion(dataset)
    registry.verify(dataset, folder.name)
    store = Store(url)
    manifest = f"{dataset.name}/{folder.name}/{registry.MANIFEST}"
    sent: dict[str, Path] = {}
    if not store.exists(manifest):
        names = [*registry.read_manifest(folder)["files"]]
        run = outputs_root(dataset.root) / folder.name
        sent |= {f"{dataset.name}/{folder.name}/{name}": folder / name for name in names}
        sent |= {
            f"{dataset.name}/outputs/{folder.name}/{name}": run / name
            for name in _OF_THE_RUN
            if (run / name).is_file()
        }
        sent[manifest] = folder / registry.MANIFEST  # the last
        for name, path in sent.items():
            store.send(path, name)
    elif json.loads(store.read_text(manifest)) != read_json(folder / registry.MANIFEST):
        raise ArtifactError(
            f"{store.url}/{manifest} is of another version of this name: push to another URL"
        )
    pointer = json.dumps({_POINTED_AT: folder.name}) + "\n"
    store.write_text(f"{dataset.name}/{registry.CHAMPION}", pointer)
    return [name.partition("/")[2] for name in sent]


def pull_version(url: str, dataset: Dataset, version: str = "") -> str:
    """Copy a version from a URL into ``models/<dataset>/``, where it appears whole and verified.

    Parameters
    ----------
    url
        To which it was pushed.
    dataset
        Whose version; of the name under which it was pushed.
    version
        Its name; the one pushed last by default.

    Returns
    -------
    str
        Its name. It is not served before it is promoted.

    Raises
    ------
    InputDataError
        If it is not there, the storage does not answer, or forbids reading.
    ArtifactError
        If a file is not as the manifest says; then nothing was changed here.
    """
    store = Store(url)
    version = version or _newest(store, dataset.name)
    folder, place = dataset.version(version), f"{dataset.name}/{version}"
    if (folder / registry.MANIFEST).is_file():
        registry.verify(dataset, version)
        return version
    manifest = f"{place}/{registry.MANIFEST}"
    if not store.exists(manifest):
        raise InputDataError(
            f"there is no version {version!r} of dataset {dataset.name!r}: push it, or correct "
            "the URL or the names",
            file=store.url,
        )
    dataset.claim()
    with replacing_folder(folder) as temporary:
        store.receive_named(manifest, temporary / registry.MANIFEST)
        for name in registry.read_manifest(temporary)["files"]:
            require_inside(name, store.url)
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            store.receive_named(f"{place}/{name}", temporary / name)
        if damaged := damaged_files(temporary):
            found = "\n".join(damaged).replace(str(temporary), f"{store.url}/{place}")
            raise ArtifactError(f"{found}\nNothing was changed here: remove it there, push again")
    return version


def _newest(store: Store, dataset: str) -> str:
    pointer = f"{dataset}/{registry.CHAMPION}"
    if not store.exists(pointer):
        raise InputDataError(
            f"no version of dataset {dataset!r} was pushed here: 'recsys push' does so",
            file=store.url,
        )
    return str(json.loads(store.read_text(pointer))[_POINTED_AT])
