"""Which runs are found among many: the previous one, and the one to resume."""

import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.pipeline.runs.record import StepRecord
from recsys_lib.pipeline.runs.stored import previous_run, unfinished_run
from tests.support.records import write_run


@pytest.fixture
def outputs(tmp_path):
    """Runs of two datasets over a week, written in no order."""
    write_run(tmp_path, "newest", day=7)
    write_run(tmp_path, "oldest", day=1)
    write_run(tmp_path, "previous", day=3)
    write_run(tmp_path, "failed", day=4, status="failed")
    write_run(tmp_path, "going", day=6, status="running")
    write_run(tmp_path, "other", day=4, dataset="other")
    write_run(tmp_path, "this", day=5)
    return tmp_path / "outputs"


def at(day):
    return f"2026-01-{day:02}T03:15:00.000Z"


@pytest.mark.parametrize(
    ("dataset", "before", "expected"),
    [
        ("shop", at(5), "previous"),  # not later, not failed, not itself, not of another dataset
        ("shop", at(8), "newest"),
        ("shop", at(2), "oldest"),
        ("shop", at(1), None),
        ("other", at(5), "other"),
        ("unknown", at(8), None),
    ],
)
def test_the_previous_run_is_the_newest_success_before(outputs, dataset, before, expected):
    found = previous_run(outputs, dataset, before)
    assert (found and found["run_id"]) == expected


def test_the_newest_unfinished_run_is_resumed(outputs):
    assert unfinished_run(outputs)["run_id"] == "going"
    assert unfinished_run(outputs, "failed")["run_id"] == "failed"
    with pytest.raises(ParameterError, match="'this' succeeded: there is nothing to resume"):
        unfinished_run(outputs, "this")
    with pytest.raises(ParameterError, match="no run 'unknown'"):
        unfinished_run(outputs, "unknown")


def test_a_step_of_another_release_is_read_without_what_only_that_knew():
    step = StepRecord.from_dict({"name": "als", "notebook": "02.ipynb", "ingredients": {}})
    assert (step.name, step.cache_key) == ("als", {})
