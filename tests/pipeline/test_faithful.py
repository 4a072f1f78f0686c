"""A reused result is the one that would be made now, from the same files and code."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from recsys_lib.errors import StepFailedError
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.runs.record import git_state
from recsys_lib.pipeline.runs.stored import records_of
from recsys_lib.pipeline.steps import Step, version_files
from recsys_lib.registry.parts import writing_part
from tests.support.bench import USE, WRITE, files, statuses

PART = (
    "import numpy as np\nfrom recsys_lib.registry.parts import writing_part\n"
    "from recsys_lib.paths import Dataset\n"
    "options = {'parameters': {}, 'data_fingerprint': '', 'libraries': []}\n"
    "with writing_part(Dataset.find(dataset).version(version) / 'als', **options) as folder:\n"
    "    np.save(folder / 'a.npy', np.zeros(100))"
)
MEANWHILE = "from pathlib import Path\nmodule = Path({path!r})\n"


@pytest.fixture
def own_module(bench, workspace):
    """A checkout with one module of its own, which both notebooks may import."""
    (workspace / "recsys_lib").unlink()
    (workspace / "recsys_lib").mkdir()
    module = workspace / "recsys_lib" / "paths.py"
    module.write_text((project_root() / "recsys_lib" / "paths.py").read_text())
    return module


class TestWorkspaces:
    def test_a_copy_uses_its_own_files(self, bench, workspace, tmp_path_factory, monkeypatch):
        bench.run(WRITE)
        copy = tmp_path_factory.mktemp("other") / "copy"
        shutil.copytree(workspace, copy, symlinks=True)
        monkeypatch.setenv("RECSYS_HOME", str(copy))
        (Dataset.find("sample").processed / "summary.json").write_text("{}")
        record, _, _ = bench.run()
        assert statuses(record) == ["executed", "cached"]
        assert "summary.json was changed" in record["steps"][0]["reason"]

    def test_a_moved_one_reuses_everything(self, bench, workspace, tmp_path_factory, monkeypatch):
        bench.run(WRITE)
        moved = tmp_path_factory.mktemp("other") / "moved"
        shutil.move(workspace, moved)
        monkeypatch.setenv("RECSYS_HOME", str(moved))
        bench.root = moved
        assert statuses(bench.run()[0]) == ["cached"] * 2
        output = bench.run()[0]["steps"][0]["outputs"][0]
        assert output["path"] == "data/processed/sample/summary.json"


@pytest.mark.parametrize("name", ["als/a.npy", "als/more.txt"])
def test_a_flipped_byte_in_any_file_of_a_step_is_noticed(bench, name):
    """Also in files that are neither declared nor in the part's manifest."""

    late = "(Dataset.find(dataset).version(version) / 'als' / 'more.txt').write_text('more')"
    bench.notebook("02", PART + "\n" + late)
    bench.table = (
        bench.table[0],
        Step("als", "02", ("etl",), produces=version_files("als", "part.json")),
    )
    bench.run(WRITE, run_id="one")
    path = Dataset.find("sample").version("one") / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    record, _, _ = bench.run()
    assert statuses(record) == ["cached", "executed"]
    assert Path(name).name in record["steps"][1]["reason"]


def test_how_long_a_training_took_does_not_count(bench):
    """The training runs again and takes another time; what reads the part is still cached."""
    measured = "'libraries': [], 'metrics': {'als.seconds': __import__('time').time()}"
    timed = PART.replace("'libraries': []", measured)
    bench.notebook("02", timed)
    als = Step("als", "02", ("etl",), produces=version_files("als", "part.json"))
    reader = Step("evaluate", "03", needs=("als",), **files("third"))
    bench.notebook("03", USE.replace("second.json", "third.json"))
    bench.table = (bench.table[0], als, reader)
    bench.run(WRITE)
    bench.notebook("02", timed + "\nmore = 1")
    assert statuses(bench.run()[0]) == ["cached", "executed", "cached"]


class TestNamedFiles:
    """Files that parameters name are inputs as well."""

    @pytest.fixture
    def again(self, bench, workspace):
        """Run a table whose second step is ``name``, once; returns a function that repeats it."""

        def start(name, *settings):
            bench.table = (bench.table[0], Step(name, "02", needs=("etl",), **files("second")))
            bench.run(WRITE, settings=settings)

            def repeat():
                record, _, _ = bench.run(settings=settings)
                return record["steps"][1]["status"], record["steps"][1]["reason"]

            assert repeat()[0] == "cached"
            return repeat

        return start

    def test_judged_queries(self, again, workspace):
        judged = workspace / "judged.csv"
        judged.write_text("query,item_id,rating\nred,a,1\n")
        repeat = again("evaluate", f"evaluate.judgments={judged}")
        judged.write_text("query,item_id,rating\nred,b,1\n")
        assert repeat() == ("executed", "input evaluate.judgments changed")
        judged.unlink()
        assert repeat()[0] == "executed"

    @pytest.mark.parametrize("parameter", ["model", "reranker"])
    def test_the_folder_of_a_language_model(self, again, workspace, parameter):
        folder = workspace / "own-model"
        (folder / "tokens").mkdir(parents=True)
        (folder / "tokens" / "vocabulary.txt").write_text("red")
        repeat = again("embed", f"embed.{parameter}={folder}")
        (folder / "tokens" / "vocabulary.txt").write_text("blue")
        assert repeat() == ("executed", f"input embed.{parameter} changed")

    def test_the_version_that_a_training_starts_from(self, again):
        dataset = Dataset.find("sample")
        options = {"data_fingerprint": "", "libraries": []}
        for version, value in (("a", 1), ("b", 2)):
            with writing_part(dataset.version(version) / "als", parameters={"x": value}, **options):
                pass
        write_json(dataset.models / "champion.json", {"version": "a"})
        repeat = again("als", "als.warm_start=champion")
        write_json(dataset.models / "champion.json", {"version": "b"})
        assert repeat() == ("executed", "input als.warm_start changed")


class TestMeanwhile:
    """What changes while a step runs."""

    def test_a_result_of_code_that_was_edited_is_not_reused(self, bench, own_module):
        edit = MEANWHILE.format(path=str(own_module)) + "module.open('a').write('another = 1\\n')"
        record, code, _ = bench.run(WRITE + edit)
        first = record["steps"][0]
        assert (code, first["status"], first["reusable"]) == (0, "executed", False)
        assert "recsys_lib/paths.py changed while the step ran" in first["warnings"][0]
        assert statuses(bench.run(WRITE)[0])[0] == "executed"

    def test_nor_one_of_code_that_was_edited_and_restored(self, bench, own_module):
        edit = MEANWHILE.format(path=str(own_module)) + "text = module.read_text()\n"
        record, _, _ = bench.run(
            WRITE + edit + "module.write_text('x = 1')\nmodule.write_text(text)"
        )
        assert not record["steps"][0]["reusable"]
        assert "paths.py was written while the step ran" in record["steps"][0]["warnings"][0]

    def test_data_that_another_process_changes_under_a_step_are_an_error(self, bench):
        other = "(folder / 'summary.json').write_text(json.dumps({**summary, 'other': 1}))"
        bench.notebook("02", USE + other)
        record, code, _ = bench.run(WRITE)
        assert (code, record["steps"][1]["status"]) == (1, "failed")
        assert "summary.json changed while the step ran" in record["steps"][1]["reason"]

    def test_data_that_change_before_the_next_step_starts_are_an_error(self, bench, monkeypatch):
        from recsys_lib.pipeline.execution.run import Run

        real = Run._check_unmoved

        def disturbed(run, step):
            if step.name == "als":
                (Dataset.find("sample").processed / "summary.json").write_text("{}")
            real(run, step)

        monkeypatch.setattr(Run, "_check_unmoved", disturbed)
        with pytest.raises(StepFailedError, match="what step 'etl' wrote was changed"):
            bench.run(WRITE)


def test_a_repository_around_the_project_says_nothing_about_it(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-mx"]
    subprocess.run(["git", "-C", tmp_path, *commit], check=True)
    (tmp_path / "project").mkdir()
    assert git_state(tmp_path / "project") == {"commit": None, "dirty": None}
    assert len(git_state(tmp_path)["commit"]) == 40


def test_a_clock_that_was_wrong_does_not_decide_what_is_newest(bench, workspace):
    bench.run(WRITE, run_id="from-the-future")
    path = workspace / "outputs" / "from-the-future" / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "started_at": "2999-01-01T00:00:00.000Z"}))
    bench.run(run_id="later")
    newest, _ = records_of(workspace / "outputs")
    assert newest["run_id"] == "later"
