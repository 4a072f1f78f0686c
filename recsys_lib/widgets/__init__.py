"""Query the trained models by hand: panels for JupyterLab that also show without a kernel."""

from __future__ import annotations

from recsys_lib.widgets.explorer import Explorer, NothingTrained, open_explorer
from recsys_lib.widgets.panels import SearchPanel, SimilarItemsPanel, UserPanel

__all__ = [
    "Explorer",
    "NothingTrained",
    "SearchPanel",
    "SimilarItemsPanel",
    "UserPanel",
    "open_explorer",
]
