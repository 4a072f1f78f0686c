"""Finished runs: their records, listed, compared, tracked and removed."""

from recsys_lib.pipeline.runs.comparison import Comparison
from recsys_lib.pipeline.runs.listing import comparison_tables, parameters_table, runs_table
from recsys_lib.pipeline.runs.lock import only_run
from recsys_lib.pipeline.runs.record import RunRecord, StepRecord, previous_run, records_of
from recsys_lib.pipeline.runs.retention import clean

__all__ = [
    "Comparison",
    "RunRecord",
    "StepRecord",
    "clean",
    "comparison_tables",
    "only_run",
    "parameters_table",
    "previous_run",
    "records_of",
    "runs_table",
]
