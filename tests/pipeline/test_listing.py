"""The tables that the terminal shows of runs."""

from recsys_lib.files import read_json
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.runs import stored
from recsys_lib.pipeline.runs.listing import runs_table
from recsys_lib.registry.in_use import is_worked_on, only_run
from tests.support.records import write_run


def statuses(root):
    table, _ = runs_table(root)
    (column,) = [column for column in table.columns if column.header == "status"]
    return [str(cell) for cell in column.cells]


def test_a_run_whose_process_is_gone_is_not_shown_as_running(tmp_path):
    write_run(tmp_path, "done", day=1)
    write_run(tmp_path, "killed", day=2, status="running")
    shop = Dataset.find("shop", root=tmp_path)
    assert not is_worked_on(shop.models)
    assert statuses(tmp_path) == ["killed", "succeeded"]
    with only_run(shop):
        assert is_worked_on(shop.models)
        assert statuses(tmp_path) == ["running", "succeeded"]
    assert statuses(tmp_path) == ["killed", "succeeded"]


def test_a_run_that_is_removed_while_runs_are_listed_is_left_out(tmp_path, monkeypatch):
    for run in ("here", "gone"):
        write_run(tmp_path, run)

    def read(path):
        if "gone" in path.parts:
            path.unlink()
        return read_json(path)

    monkeypatch.setattr(stored, "read_json", read)
    assert [found["run_id"] for found in stored.records_of(tmp_path / "outputs")] == ["here"]
