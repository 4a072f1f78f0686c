"""Remove updates that nobody needs: each is a version with files of its own."""

from __future__ import annotations

import shutil

from recsys_lib import registry
from recsys_lib.loop.experiment import running_experiment
from recsys_lib.parameters import KEEP_CHANGES
from recsys_lib.paths import Dataset


def prune_updates(dataset: Dataset, keep: int = KEEP_CHANGES) -> tuple[str, ...]:
    """Remove updates but the served one, the challenger, and those that rollbacks reach.

    Versions that runs trained stay; updates that a kill left without a manifest go. Returns the
    names of those removed.
    """
    needed = set(registry.read_history(dataset).recent(keep))
    served, running = registry.champion(dataset), running_experiment(dataset.feedback)
    needed |= {served.name} if served else set()
    needed |= {running.challenger} if running else set()
    old = [
        version
        for version in registry.published_versions(dataset)
        if version not in needed and registry.trained_version(dataset.version(version)) != version
    ]
    torn = [
        path.name
        for path in sorted(dataset.models.glob(f"[!.]*-{registry.UPDATE}*"))
        if not (path / registry.MANIFEST).is_file()
    ]
    for version in (*old, *torn):
        shutil.rmtree(dataset.version(version))
    return (*old, *torn)
