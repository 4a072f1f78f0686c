"""Small values for the parameters cells of the notebooks, and records of runs to compare."""

from __future__ import annotations

from pathlib import Path

from recsys_lib.paths import outputs_root
from recsys_lib.pipeline import read_values
from recsys_lib.pipeline.runs import RunRecord

DATASET = "sample-1000"
_SMALL = {
    "dataset": f"'{DATASET}'",
    "factors": "16",
    "iterations": "10",
    "max_tokens": "16",
    "search_queries": "20",
    "version": "'draft'",
}
_TUNING = {"factors": "[8, 16]", "iterations": "3", "trials": "2", "users": "200"}
"""The same for tune_als, where some of these names are ranges."""


def with_small_values(parameters_cell: str) -> str:
    """The source of a parameters cell, with small values at its end, as papermill would."""
    source = f"\n{parameters_cell}"
    small = {**_SMALL, **_TUNING} if "\ntrials = " in source else _SMALL
    given = [f"{name} = {value}" for name, value in small.items() if f"\n{name} = " in source]
    return "\n".join([parameters_cell, *given])


def write_run(home: Path, run_id: str, *, factors: int, day: int) -> None:
    """Write the record of a run that succeeded, in the workspace ``home``."""
    settings = read_values({"dataset": DATASET, "als": {"factors": factors}})
    RunRecord(
        run_id=run_id,
        dataset=settings.dataset.name,
        parameters=settings.as_dict(),
        changed_parameters=settings.changed,
        started_at=f"2026-01-0{day}T03:15:00.000Z",
        steps=[],
        git={"commit": None, "dirty": None},
        environment={"python": "3.11", "packages": {}},
        status="succeeded",
        metrics={"als.ndcg@10": factors / 100, "als.ndcg@10.ci95": 0.01},
    ).save(outputs_root(home) / run_id)
