"""Finished runs: their records, listed, compared, tracked and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_lib.pipeline.runs.mlflow_versions import register_champion
from recsys_lib.pipeline.runs.record import RunRecord, StepRecord
from recsys_lib.pipeline.runs.retention import clean
from recsys_lib.pipeline.runs.stored import damaged_records, previous_run, records_of
from recsys_lib.pipeline.runs.tracking import check_tracking
from recsys_lib.registry.in_use import only_run

if TYPE_CHECKING:
    from recsys_lib.pipeline.runs.comparison import Comparison
    from recsys_lib.pipeline.runs.listing import comparison_tables, parameters_table, runs_table

__all__ = [
    "Comparison",
    "RunRecord",
    "StepRecord",
    "check_tracking",
    "clean",
    "comparison_tables",
    "damaged_records",
    "only_run",
    "parameters_table",
    "previous_run",
    "records_of",
    "register_champion",
    "runs_table",
]


def __getattr__(name: str) -> Any:
    """Import what a run does not use, and polars with it, when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from recsys_lib.pipeline.runs import comparison, listing  # noqa: PLC0415  # slow import

    return getattr(comparison if name == "Comparison" else listing, name)
