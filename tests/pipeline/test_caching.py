"""Which steps are taken from an earlier run, and why not."""

from pathlib import Path

import pytest

from recsys_lib import sources
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.cache import _libraries
from tests.support.bench import USE, WRITE, statuses

PROJECT = project_root()


class TestCache:
    def reasons(self, record):
        return [step["reason"] for step in record["steps"]]

    def test_the_same_again_is_taken_from_the_run_before(self, bench):
        first, _, _ = bench.run(WRITE, run_id="one")
        second, code, folder = bench.run()
        assert code == 0
        assert statuses(first) == ["executed"] * 2
        assert self.reasons(first) == ["no earlier result on this dataset"] * 2
        assert statuses(second) == ["cached"] * 2
        assert self.reasons(second) == ["as in run one"] * 2
        assert second["metrics"] == first["metrics"]
        assert (folder / "01.ipynb").is_file()
        assert "Story" in (folder / "report.html").read_text()

    def test_prose_does_not_count(self, bench):
        bench.run(WRITE)
        bench.notebook("01", WRITE, prose="# Another story")
        assert statuses(bench.run()[0]) == ["cached"] * 2

    def test_code_counts_and_equal_outputs_stop_there(self, bench):
        bench.run(WRITE)
        record, _, _ = bench.run(WRITE + "\nunused = 1  # changed")
        assert statuses(record) == ["executed", "cached"]
        assert self.reasons(record)[0] == "the notebook's code changed"

    def test_changed_outputs_run_the_next_step(self, bench):
        bench.run(WRITE)
        record, _, _ = bench.run(WRITE.replace("7", "8"))
        assert statuses(record) == ["executed"] * 2
        assert self.reasons(record)[1] == "input {data}/summary.json changed"

    def test_a_parameter_counts_for_its_own_step(self, bench):
        bench.run(WRITE)
        record, _, _ = bench.run(settings=["als.factors=64"])
        assert statuses(record) == ["cached", "executed"]
        assert self.reasons(record)[1] == "parameter als.factors 'auto' -> 64"

    def test_the_code_of_the_modules_it_uses_counts(self, bench, monkeypatch):
        bench.run(WRITE)
        real, changed = sources.read_source, Path("recsys_lib/paths.py")

        def read_source(path):
            found = real(path)
            return found._replace(digest="x") if path == bench.root / changed else found

        monkeypatch.setattr(sources, "read_source", read_source)
        record, _, _ = bench.run()
        assert self.reasons(record)[0] == "recsys_lib/paths.py changed"

    def test_the_version_of_a_library_counts(self, bench, monkeypatch):
        bench.run("import numpy\n" + WRITE)
        monkeypatch.setattr(_libraries, "_version", lambda name: "99")
        record, _, _ = bench.run()
        assert statuses(record)[0] == "executed"
        assert "numpy" in self.reasons(record)[0]

    @pytest.mark.parametrize("damage", ["delete", "change"])
    def test_a_damaged_output_is_made_again(self, bench, damage):
        bench.run(WRITE)
        path = Dataset.find("sample").processed / "summary.json"
        if damage == "delete":
            path.unlink()
        else:
            path.write_text(path.read_text().replace("7", "9"))
        record, _, _ = bench.run()
        assert statuses(record) == ["executed", "cached"]
        assert "summary.json" in self.reasons(record)[0]

    def test_force_runs_everything(self, bench):
        bench.run(WRITE)
        kept = Dataset.find("sample").checkpoints / "als-training-0.npz"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"kept")
        bench.run()
        assert kept.exists()
        record, _, _ = bench.run(force=True)
        assert statuses(record) == ["executed"] * 2
        assert not kept.exists()

    def test_a_failed_step_is_not_taken_and_the_rest_is(self, bench):
        bench.run(WRITE, run_id="one")
        bench.notebook("02", "1 / 0")
        failed, code, _ = bench.run()
        assert (code, statuses(failed)) == (1, ["cached", "failed"])
        bench.notebook("02", USE + "\nmore = 1")
        assert statuses(bench.run()[0]) == ["cached", "executed"]

    def test_resuming_goes_on_in_the_same_run(self, bench):
        bench.notebook("02", "1 / 0")
        _, _, folder = bench.run(WRITE, run_id="one")
        bench.notebook("02", USE)
        record, code, again = bench.run(run_id="one", resumed=True)
        assert again == folder
        assert (code, record["status"]) == (0, "succeeded")
        assert statuses(record) == ["cached", "executed"]


def test_modules_that_change_between_two_runs_of_a_process_are_noticed(bench, workspace):
    (workspace / "recsys_lib").unlink()
    (workspace / "recsys_lib").mkdir()
    module = workspace / "recsys_lib" / "paths.py"
    module.write_text((PROJECT / "recsys_lib" / "paths.py").read_text())
    bench.run(WRITE)
    module.write_text(module.read_text() + "# said in other words\n")
    assert statuses(bench.run()[0]) == ["cached"] * 2
    module.write_text(module.read_text() + "another = 1\n")
    record, _, _ = bench.run()
    assert record["steps"][0]["reason"] == "recsys_lib/paths.py changed"
