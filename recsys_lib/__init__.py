"""A product recommender to run, read and change in Jupyter, and to run unattended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_lib.imports import without_collection

if TYPE_CHECKING:
    from recsys_lib.serving import Recommender

__all__ = ["Recommender"]


def __getattr__(name: str) -> Any:
    """Import the facade on first use, so that a step pays only for what it needs."""
    if name == "Recommender":
        with without_collection():
            from recsys_lib.serving import Recommender  # noqa: PLC0415

        return Recommender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
