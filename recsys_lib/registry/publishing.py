"""Sealing a version: its parts, its manifest, and its way through the gate."""

from __future__ import annotations

from typing import Any

from recsys_lib.paths import Dataset
from recsys_lib.registry.manifest import read_manifest, write_manifest
from recsys_lib.registry.parts import (
    ALS_PART,
    BLEND_PART,
    EVALUATION,
    PART_MANIFEST,
    SEARCH_PART,
    champion,
    content_digest,
)
from recsys_lib.registry.promotion import promote
from recsys_lib.registry.versions import adopt


def publish(dataset: Dataset, version: str, *, serve: bool = True) -> dict[str, Any]:
    """Write the manifest of a version and, by default, promote it.

    A part that was not trained anew comes from the champion. The evaluation and the blend come
    only with an ALS part like the one they were made with. What an evaluation says about search
    counts only for the search part it measured.

    Parameters
    ----------
    dataset
        Whose version.
    version
        Its name; ``models/<dataset>/<version>/`` holds the parts that were trained.
    serve
        Whether to promote it.

    Returns
    -------
    dict
        The manifest: files with their SHA-256, shapes, parameters, fingerprints of the data,
        versions of libraries, and metrics.

    Raises
    ------
    WorseError
        If it is worse than the champion beyond noise: then it is published, but not promoted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from recsys_lib.registry import writing_part
    >>> shop = Dataset.find("shop", Path(mkdtemp()))
    >>> options = {"parameters": {"factors": 8}, "data_fingerprint": "f", "libraries": ["numpy"]}
    >>> with writing_part(shop.version("v1") / "als", **options) as folder:
    ...     _ = (folder / "notes.txt").write_text("factors")
    >>> manifest = publish(shop, "v1")
    >>> sorted(manifest["files"]), manifest["parameters"]
    (['als/notes.txt', 'als/part.json'], {'als': {'factors': 8}})
    """
    folder = dataset.version(version)
    adopt(dataset, version, ALS_PART)
    adopt(dataset, version, SEARCH_PART)
    search_measured = True
    if not (folder / EVALUATION).is_dir() and _is_as_served(dataset, version, ALS_PART):
        adopt(dataset, version, EVALUATION)
        adopt(dataset, version, BLEND_PART)
        search_measured = _is_as_served(dataset, version, SEARCH_PART)
    write_manifest(dataset, version, search_measured=search_measured)
    if serve:
        promote(dataset, version, by_hand=False)
    return read_manifest(folder)


def _is_as_served(dataset: Dataset, version: str, part: str) -> bool:
    """Whether a version has a part like that of the champion; it may have been trained anew."""
    served = champion(dataset)
    mine = dataset.version(version) / part / PART_MANIFEST
    theirs = served / part / PART_MANIFEST if served else None
    if theirs is None or not mine.is_file() or not theirs.is_file():
        return False
    return content_digest(mine) == content_digest(theirs)
