"""Which datasets and versions are trained, and the ones that are open."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from recsys_lib import registry
from recsys_lib.paths import Dataset
from recsys_lib.places import known_places
from recsys_lib.serving import Recommender

CHAMPION = "champion"
_OPEN = 2
"""Versions in memory: two are compared."""


def trained_datasets(root: Path) -> list[str]:
    """Names of all datasets of a workspace that have a version."""
    places = (Dataset.from_place(place, root) for place in sorted(known_places(root)))
    return [dataset.name for dataset in places if registry.published_versions(dataset)]


def version_choices(dataset: Dataset, current: str = "") -> list[tuple[str, str]]:
    """Label and name of each version, the newest first, with ``current`` among them."""
    served = registry.champion(dataset)
    names = sorted({*registry.published_versions(dataset), *([current] if current else [])})
    labels = {name: name for name in reversed(names)}
    if served is not None and served.name in labels:
        labels[served.name] = f"{served.name} (served)"
    return [(label, name) for name, label in labels.items()]


class OpenVersions:
    """Opens versions, and keeps the last two of them open."""

    def __init__(self, *opened: Recommender) -> None:
        self._open: OrderedDict[tuple[str, str], Recommender] = OrderedDict()
        for recommender in opened:
            self._open[recommender.dataset.name, recommender.version] = recommender

    def get(self, dataset: Dataset, version: str = CHAMPION) -> Recommender:
        """A version of a dataset, by default the champion; opened where it is not yet."""
        found = self._open.get((dataset.name, version))
        if found is None:
            path = None if version == CHAMPION else dataset.version(version)
            found = Recommender.load(path, dataset=dataset)
        key = (dataset.name, found.version)
        self._open[key] = found
        self._open.move_to_end(key)
        while len(self._open) > _OPEN:
            self._open.popitem(last=False)
        return found
