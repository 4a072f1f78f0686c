"""The pipeline: a table of steps, each a notebook that is cached, executed and reported."""

from recsys_lib.imports import without_collection

with without_collection():
    from recsys_lib.pipeline.cache.plan import PlannedStep, plan
    from recsys_lib.pipeline.command import main, run_command
    from recsys_lib.pipeline.options import add_arguments
    from recsys_lib.pipeline.settings import Settings, read_settings, read_values
    from recsys_lib.pipeline.steps import Step, data_files, monitor_files, version_files
    from recsys_lib.pipeline.table import check_table, select

__all__ = [
    "PlannedStep",
    "Settings",
    "Step",
    "add_arguments",
    "check_table",
    "data_files",
    "main",
    "monitor_files",
    "plan",
    "read_settings",
    "read_values",
    "run_command",
    "select",
    "version_files",
]
