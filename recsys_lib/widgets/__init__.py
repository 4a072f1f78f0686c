"""Query the trained models by hand: panels for JupyterLab that also show without a kernel.

Questions are plain functions that return tables (``similar``, ``person``, ``what_if``,
``word_search``, ``comparison``, ``catalogue_map``, ``rules``, ``status``); panels put controls and
cards around them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_lib.widgets.opening import NothingTrained, open_explorer

if TYPE_CHECKING:
    from recsys_lib.widgets.explorer import Explorer

__all__ = ["Explorer", "NothingTrained", "open_explorer"]


def __getattr__(name: str) -> Any:
    """Import the explorer when it is first used: it needs all models."""
    if name != "Explorer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from recsys_lib.widgets.explorer import Explorer  # noqa: PLC0415  # see the docstring

    return Explorer
