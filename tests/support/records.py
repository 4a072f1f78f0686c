"""Records of runs as tests need them."""

from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.runs.record import RunRecord, StepRecord
from recsys_lib.pipeline.settings import read_values


def write_run(root, run_id, *, day=1, inputs=None, commit="a" * 40, **facts):
    """Store the record of a run; ``facts`` are fields of the record, ``als`` its parameters."""
    settings = read_values({"dataset": facts.pop("dataset", "shop"), "als": facts.pop("als", {})})
    record = RunRecord(
        run_id=run_id,
        dataset=settings.dataset.name,
        parameters=settings.as_dict(),
        changed_parameters=settings.changed,
        started_at=f"2026-01-{day:02}T03:15:00.000Z",
        steps=[StepRecord("als", "02.ipynb", cache_key={"inputs": inputs or {}})],
        git={"commit": commit, "dirty": False},
        environment={"python": "3.11", "packages": {"numpy": "2.0"}},
        status=facts.pop("status", "succeeded"),
        **facts,
    )
    record.save(outputs_root(root) / run_id)
    return record
