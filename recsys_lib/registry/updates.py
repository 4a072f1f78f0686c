"""Versions that no run trained: an update of another one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recsys_lib.paths import Dataset
from recsys_lib.registry.history import read_history
from recsys_lib.registry.manifest import read_manifest, write_manifest
from recsys_lib.registry.parts import EVALUATION, MANIFEST, champion, choice
from recsys_lib.registry.promotion import author, promote
from recsys_lib.registry.versions import adopt

UPDATE = "update"
"""In the manifest of such a version, with what was updated."""
TRAINED = "trained"
"""The version from which all updates before it began, which a run trained."""


def update_name(dataset: Dataset) -> str:
    """A new name for a version, which sorts by time: 20260131-235959-update.

    None that was served before, even if it was removed: the history would mean two by it.
    """
    now = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{UPDATE}"
    names = (name for n in range(1, 1000) for name in [now if n == 1 else f"{now}-{n}"])
    served = {change.version for change in read_history(dataset).changes}
    return next(n for n in names if n not in served and not dataset.version(n).exists())


def trained_version(folder: Path) -> str:
    """The name of the version that a run trained: this one, or the one that updates changed."""
    if not (folder / MANIFEST).is_file():
        return folder.name
    return str(read_manifest(folder).get(UPDATE, {}).get(TRAINED, folder.name))


def publish_update(
    dataset: Dataset,
    version: str,
    parent: Path,
    facts: Mapping[str, Any],
    *,
    reason: str,
    by: str = UPDATE,
    replaces_pinned: bool = False,
) -> str:
    """Publish an update of the version in the folder ``parent``, and serve it.

    It has the evaluation of its parent, whose weights it has: the next trained version is compared
    with that. A version that is pinned goes on being served.

    Parameters
    ----------
    dataset, version
        Its folder holds the parts.
    parent
        Folder of the version that was updated.
    facts
        For the manifest: what was updated and what was kept.
    reason, by
        For the history: why, and which program.
    replaces_pinned
        Whether it takes the place of a pinned version, too, and is pinned then.

    Returns
    -------
    str
        Why it is not served, with what to do; "" if it is.
    """
    if not (dataset.version(version) / EVALUATION).is_dir():
        adopt(dataset, version, EVALUATION, parent)
    about = {"parent": parent.name, TRAINED: trained_version(parent), **facts}
    write_manifest(dataset, version, search_measured=True, facts={UPDATE: about})
    served, chosen = champion(dataset), choice(dataset)
    if chosen.pinned and served is not None and not replaces_pinned:
        return (
            f"version {served.name} is pinned; to serve this one: "
            f"'recsys promote {version} --dataset {dataset.name}'"
        )
    promote(
        dataset,
        version,
        force=True,
        pin=chosen.pinned,
        by_hand=chosen.by_hand,
        reason=reason,
        by=author(by),
    )
    return ""
