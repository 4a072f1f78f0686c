"""Two lists that name what is trained: datasets, and the versions of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from recsys_lib.paths import Dataset
from recsys_lib.serving import Recommender
from recsys_lib.widgets.trained import trained_datasets, version_choices


class VersionPicker(widgets.HBox):
    """``on_choice`` is called with a dataset and the version that was chosen, None for its best."""

    def __init__(self, on_choice: Callable[[Dataset, str | None], None]) -> None:
        self._on_choice, self._quiet = on_choice, False
        self.dataset, self.version = _drop_down("Dataset", "260px"), _drop_down("Version", "340px")
        self.dataset.observe(self._dataset_chosen, "value")
        self.version.observe(self._version_chosen, "value")
        super().__init__([self.dataset, self.version])
        self.add_class("rx-wrap")

    def show(self, recommender: Recommender) -> None:
        """Offer this version, shown as chosen, and all others."""
        self._quiet, self._dataset = True, recommender.dataset
        names = [*trained_datasets(self._dataset.root), self._dataset.name]
        self.dataset.options = list(dict.fromkeys(names))
        self.dataset.value = self._dataset.name
        choices = version_choices(self._dataset, recommender.version)
        self.version.options = choices or [("(unnamed)", "")]
        self.version.value = recommender.version
        self._quiet = False

    def _dataset_chosen(self, _change: Any) -> None:
        if not self._quiet:
            self._on_choice(Dataset.from_place(self.dataset.value, self._dataset.root), None)

    def _version_chosen(self, _change: Any) -> None:
        if not self._quiet:
            self._on_choice(self._dataset, self.version.value)


def _drop_down(label: str, width: str) -> widgets.Dropdown:
    return widgets.Dropdown(
        description=label, layout={"width": width}, style={"description_width": "52px"}
    )
