"""The runner on tiny notebooks, each with one fate."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from recsys_lib.errors import LockedError, ParameterError
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.cache import _key as cache_key
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import Run
from recsys_lib.pipeline.runs.lock import only_run
from recsys_lib.pipeline.runs.record import new_run_id
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.pipeline.steps import Step, data_files, version_files

PROJECT = project_root()
WRITE = """
import json
from pathlib import Path
from recsys_lib.paths import Dataset
folder = Dataset.find(dataset).processed
folder.mkdir(parents=True, exist_ok=True)
counts = {"users": 500, "items": 500, "products": 0}
summary = {"metrics": {"etl.kept": 7}, "counts": counts}
(folder / "summary.json").write_text(json.dumps(summary))
"""
USE = WRITE.replace("summary.json", "second.json")
HOLD = """
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.runs.lock import only_run
with only_run(Dataset.find("sample")):
    print("held", flush=True)
    input()
"""
WRITE_PART = (
    "import numpy as np\nfrom recsys_lib.registry.parts import writing_part\n"
    "from recsys_lib.paths import Dataset\n"
    "options = {'parameters': {}, 'data_fingerprint': '', 'libraries': []}\n"
    "with writing_part(Dataset.find(dataset).version(version) / 'als', **options) as folder:\n"
    "    np.save(folder / 'a.npy', np.zeros(1))"
)
READ = (
    "from recsys_lib.files import write_json\ndata = Dataset.find(dataset)\n"
    "newest = max(data.models.glob('*/'), key=lambda p: p.stat().st_mtime, default=data.models)\n"
    "found = int((newest / 'als' / 'part.json').is_file())\n"
    "write_json(data.processed / 'third.json', {'metrics': {'found': found}})"
)
FAIL = "from recsys_lib.errors import {0}\nraise {0}('no good')"


TRAIN = Step("als", "02", needs=("etl",), produces=version_files("als", "part.json"))


def files(name):
    return {"produces": data_files(f"{name}.json"), "metrics": f"{name}.json"}


@dataclass
class Bench:
    """A project of two steps with tiny notebooks; the second needs the first."""

    root: Path
    timeout: float = 600

    def __post_init__(self):
        first = Step("etl", "01", **files("summary"), timeout=self.timeout)
        self.table = (first, Step("als", "02", needs=("etl",), **files("second")))
        self.notebook("02", USE)

    def notebook(self, name, *cells, prose="# Story"):
        """Write a notebook with a parameters cell and the given cells."""
        v4 = nbformat.v4
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        parameters = v4.new_code_cell("dataset = ''", metadata={"tags": ["parameters"]})
        codes = [v4.new_code_cell(cell) for cell in cells]
        book = v4.new_notebook(
            metadata={"kernelspec": kernel}, cells=[v4.new_markdown_cell(prose), parameters, *codes]
        )
        (self.root / "notebooks").mkdir(exist_ok=True)
        nbformat.write(book, self.root / "notebooks" / f"{name}.ipynb")

    def run(self, *cells, chosen=None, settings=(), **options):
        """Run with these cells in the first notebook: the stored record, the code, the folder."""
        if cells:
            self.notebook("01", *cells)
        options.setdefault("run_id", new_run_id())
        given = read_settings(None, settings, project=self.root)
        run = Run(self.table, chosen or self.table, given, **options)
        run.check()
        record, code = run.execute(RunProgress(quiet=True))
        stored = json.loads((run.folder / "run.json").read_text())
        assert stored["status"] == record.status
        return stored, code, run.folder


@pytest.fixture
def bench(workspace):
    (workspace / "recsys_lib").symlink_to(PROJECT / "recsys_lib")
    return Bench(workspace)


def statuses(record):
    return [step["status"] for step in record["steps"]]


def test_success_is_recorded_and_linked(bench, workspace):
    record, code, folder = bench.run(WRITE)
    assert (code, record["status"]) == (0, "succeeded")
    first = record["steps"][0]
    assert first["status"] == "executed"
    assert first["metrics"] == record["metrics"] == {"etl.kept": 7}
    assert 0 < first["startup_seconds"] < first["seconds"]
    assert first["peak_memory_mb"] > 10
    assert len(first["outputs"][0]["sha256"]) == 64
    assert {"commit", "dirty"} == set(record["git"])
    assert record["environment"]["packages"]["torch"]
    assert (workspace / "outputs/latest").resolve() == folder
    assert (folder / "01.ipynb").is_file()
    assert "etl" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("cell", "code", "reason"),
    [
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        (FAIL.format("InputDataError"), 3, "InputDataError: no good"),
        (FAIL.format("ParameterError"), 2, "ParameterError: no good"),
        ("done = True", 1, "missing or empty"),
        (WRITE + "(folder / 'summary.json').write_text('')", 1, "missing or empty"),
        (
            WRITE + "(folder / 'extra.csv').write_text('x')",
            1,
            "extra.csv was written, but no step",
        ),
    ],
)
def test_failure_is_recorded_and_the_notebook_kept(bench, workspace, cell, code, reason):
    record, ended, folder = bench.run(cell)
    assert (ended, record["status"]) == (code, "failed")
    first, second = record["steps"]
    assert first["status"] == "failed"
    assert reason in first["reason"]
    assert (second["status"], second["reason"]) == ("skipped", "step etl did not succeed")
    assert (folder / "01.ipynb").is_file()
    assert (folder / "report.html").is_file()


def test_a_notebook_without_a_parameters_cell_is_refused_before_a_kernel_starts(bench, workspace):
    bench.run(WRITE)
    path = workspace / "notebooks" / "02.ipynb"
    path.write_text(path.read_text().replace('"parameters"', '"other"'))
    with pytest.raises(ParameterError, match=r"02\.ipynb has 0 cells with the tag 'parameters'"):
        bench.run()
    assert len(list(workspace.glob("outputs/2*"))) == 1


def test_a_run_id_is_used_once(bench):
    bench.run(WRITE, run_id="nightly")
    with pytest.raises(ParameterError, match="nightly"):
        bench.run(WRITE, run_id="nightly")


@pytest.mark.parametrize("run_id", ["latest", "../x"])
def test_a_run_id_is_a_plain_name(bench, run_id):
    with pytest.raises(ParameterError, match="plain"):
        bench.run(WRITE, run_id=run_id)


def test_a_step_without_its_inputs_is_refused(bench):
    with pytest.raises(ParameterError, match="step 'etl' must run first"):
        bench.run(WRITE, chosen=bench.table[1:])


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
        record, _, _ = bench.run(WRITE + "\nunused = 1")
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
        assert self.reasons(record)[1] == "parameter als.factors 128 -> 64"

    def test_the_code_of_the_modules_it_uses_counts(self, bench, monkeypatch):
        bench.run(WRITE)
        real, changed = cache_key.fingerprint, Path("recsys_lib/paths.py")

        def fingerprint(path):
            return "x" if path == bench.root / changed else real(path)

        monkeypatch.setattr(cache_key, "fingerprint", fingerprint)
        record, _, _ = bench.run()
        assert self.reasons(record)[0] == "recsys_lib/paths.py changed"

    def test_the_version_of_a_library_counts(self, bench, monkeypatch):
        bench.run("import numpy\n" + WRITE)
        monkeypatch.setattr(cache_key.metadata, "version", lambda name: "99")
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
        record, _, _ = bench.run(force=True)
        assert statuses(record) == ["executed"] * 2

    def test_a_failed_step_is_not_taken_and_the_rest_is(self, bench):
        bench.run(WRITE, run_id="one")
        bench.notebook("02", "1 / 0")
        failed, code, _ = bench.run()
        assert (code, statuses(failed)) == (1, ["cached", "failed"])
        bench.notebook("02", USE + "\n")
        assert statuses(bench.run()[0]) == ["cached", "executed"]

    def test_resuming_goes_on_in_the_same_run(self, bench):
        bench.notebook("02", "1 / 0")
        _, _, folder = bench.run(WRITE, run_id="one")
        bench.notebook("02", USE)
        record, code, again = bench.run(run_id="one", resumed=True)
        assert again == folder
        assert (code, record["status"]) == (0, "succeeded")
        assert statuses(record) == ["cached", "executed"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "DeadKernel.*memory ran out"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("import sys; sys.exit(0)", "missing or empty"),
    ],
)
def test_a_kernel_that_ends_early_is_a_failure(bench, cell, reason):
    record, code, folder = bench.run(cell)
    assert (code, statuses(record)) == (1, ["failed", "skipped"])
    assert re.search(reason, record["steps"][0]["reason"])
    assert (folder / "01.ipynb").is_file()
    assert (folder / "report.html").is_file()


def test_a_step_that_takes_too_long_is_stopped(workspace, bench):
    slow = Bench(workspace, timeout=4)
    started = time.monotonic()
    record, code, _ = slow.run("import time; time.sleep(60)")
    assert time.monotonic() - started < 30
    assert (code, statuses(record)) == (1, ["failed", "skipped"])
    assert "StepTimeout: the step took longer than its 4 s" in record["steps"][0]["reason"]


def test_steps_that_do_not_need_each_other_run_side_by_side(bench):
    """Each of the two waits for the other: one after the other, neither would end."""
    wait = "for _ in range(200):\n    time.sleep(0.1)\n    if (folder / other).exists(): break"
    check = "else:\n    raise RuntimeError('alone')"
    for number, mine, other in (("02", "second", "third"), ("03", "third", "second")):
        begin = USE.replace("second.json", f"{mine}.json")
        bench.notebook(number, f"{begin}\nimport time\nother = '{other}.json'\n{wait}\n{check}")
    third = Step("embed", "03", needs=("etl",), **files("third"))
    bench.table = (*bench.table, third)
    record, code, _ = bench.run(WRITE, jobs=2)
    assert (code, statuses(record)) == (0, ["executed"] * 3)


def test_cores_are_shared_except_by_the_step_that_gets_all(bench, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    tell = USE.replace('"etl.kept": 7', "'threads': int(os.environ['OMP_NUM_THREADS'])")
    for number, name in (("02", "second"), ("03", "third")):
        bench.notebook(number, "import os" + tell.replace("second.json", f"{name}.json"))
    third = Step("embed", "03", needs=("etl",), **files("third"), all_cores=True)
    bench.table = (*bench.table, third)
    record, code, _ = bench.run(WRITE, jobs=2)
    assert code == 0
    assert [step["metrics"].get("threads") for step in record["steps"]] == [None, 2, 4]


def test_a_step_without_anything_to_work_on_is_skipped(bench, capsys):
    third = Step("embed", "03", needs=("etl",), skip_unless="products", **files("third"))
    bench.table = (*bench.table, third)
    bench.notebook("03", "1 / 0")
    record, code, folder = bench.run(WRITE)
    assert (code, record["status"]) == (0, "succeeded")
    assert statuses(record) == ["executed", "executed", "skipped"]
    assert record["steps"][2]["reason"] == "the dataset has no products"
    assert "the dataset has no products" in (folder / "report.html").read_text()


def test_a_step_waits_for_an_optional_need(bench):
    """The third step takes a while, and what uses it comes after it; alone it runs, too."""
    slow = USE.replace("second.json", "third.json") + "\nimport time; time.sleep(1)"
    bench.notebook("03", slow)
    third = Step("embed", "03", needs=("etl",), **files("third"))
    using = Step("evaluate", "04", needs=("etl",), optional_needs=("embed",), **files("fourth"))
    bench.notebook("04", USE.replace("second.json", "fourth.json"))
    bench.table = (*bench.table, third, using)
    record, code, _ = bench.run(WRITE, jobs=4)
    assert (code, statuses(record)) == (0, ["executed"] * 4)
    by_name = {step["name"]: step for step in record["steps"]}
    assert by_name["evaluate"]["started_at"] > by_name["embed"]["started_at"]
    assert "{data}/third.json" in by_name["evaluate"]["cache_key"]["inputs"]
    alone = (bench.table[0], bench.table[3])
    record, code, _ = bench.run(chosen=alone, force=True)
    assert (code, statuses(record)) == (0, ["executed"] * 2)


@pytest.mark.parametrize("timeout", [0.2, 3])
def test_a_step_stops_at_the_timeout_of_the_run(bench, timeout):
    """The shorter one ends while the kernel is still starting."""
    record, code, _ = bench.run("import time; time.sleep(60)", timeout=timeout)
    assert (code, statuses(record)) == (1, ["failed", "skipped"])
    assert f"longer than its {timeout} s" in record["steps"][0]["reason"]


def test_a_run_can_wait_for_another_one(bench):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    holder = subprocess.Popen([sys.executable, "-c", HOLD], **pipes)
    assert holder.stdout.readline() == "held\n"
    threading.Timer(0.5, holder.kill).start()
    assert bench.run(WRITE, wait=True)[1] == 0
    holder.wait()


def test_models_of_a_run_that_does_not_serve_are_sealed_but_not_served(bench):
    from recsys_lib import registry

    dataset = Dataset.find("sample")
    bench.notebook("02", WRITE_PART)
    bench.table = (
        bench.table[0],
        TRAIN,
    )
    assert bench.run(WRITE, serve=False, run_id="quiet")[1] == 0
    assert registry.champion(dataset) is None
    registry.promote(dataset, "quiet")
    assert registry.require_champion(dataset).name == "quiet"


def test_models_worse_than_those_served_are_sealed_but_not_served(bench, monkeypatch):
    from recsys_lib import registry
    from recsys_lib.registry import Verdict

    def worse(dataset, version):
        return Verdict("worse", "one", "ndcg@10", 500, -0.02, -0.03, -0.01, 1e-4)

    bench.notebook("02", WRITE_PART)
    bench.table = (
        bench.table[0],
        TRAIN,
    )
    assert bench.run(WRITE, run_id="one")[1] == 0
    monkeypatch.setattr("recsys_lib.registry.versions.against_champion", worse)
    record, code, _ = bench.run(WRITE, run_id="two", force=True)
    assert (record["status"], code) == ("succeeded", 0)
    assert registry.require_champion(Dataset.find("sample")).name == "one"
    (warning,) = record["warnings"]
    assert "worse than one, which is served: ndcg@10 differs by -0.0200" in warning
    assert "recsys promote two --dataset sample --force" in warning


@pytest.mark.parametrize("champion_has_it", [True, False])
def test_an_optional_need_is_waited_for_but_not_demanded(bench, champion_has_it):
    """It comes from the champion where it has it, and is left out where not."""
    bench.notebook("02", WRITE_PART)
    bench.notebook("03", "from recsys_lib.paths import Dataset", READ)
    als = TRAIN
    reader = Step("embed", "03", ("etl",), ("als",), **files("third"))
    bench.table = (bench.table[0], als, reader)
    chosen = [bench.table[0], als] if champion_has_it else [bench.table[0]]
    assert bench.run(WRITE, chosen=chosen)[1] == 0
    _, code, _ = bench.run(chosen=[reader])
    assert code == 0
    seen = json.loads((Dataset.find("sample").processed / "third.json").read_text())
    assert seen["metrics"]["found"] == champion_has_it
    record, code, _ = bench.run(chosen=[als, reader], jobs=2, force=True)
    assert (code, statuses(record)) == (0, ["executed"] * 2)
    seen = json.loads((Dataset.find("sample").processed / "third.json").read_text())
    assert seen["metrics"]["found"] == 1


def test_a_second_run_of_the_dataset_is_refused_and_a_dead_one_is_not_in_the_way(bench):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    holder = subprocess.Popen([sys.executable, "-c", HOLD], **pipes)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockedError, match=f"process {holder.pid}"):
        bench.run(WRITE)
    holder.kill()
    holder.wait()
    assert bench.run(WRITE)[1] == 0
    with only_run(Dataset.find("other")):
        assert bench.run()[1] == 0


@pytest.mark.parametrize("seconds", [0.1, 0.4, 0.8])
def test_a_signal_while_the_kernel_starts_stops_it_too(bench, workspace, monkeypatch, seconds):
    reached = workspace / "reached"
    bench.notebook("01", f"import time; time.sleep(60); open({str(reached)!r}, 'w')")
    started = RunProgress.step_started

    def interrupt(self, *facts):
        started(self, *facts)
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM)).start()

    monkeypatch.setattr(RunProgress, "step_started", interrupt)
    began = time.monotonic()
    record, code, _ = bench.run()
    assert time.monotonic() - began < 30
    assert (code, record["status"]) == (130, "interrupted")
    assert statuses(record) == ["failed", "skipped"]
    assert record["steps"][0]["reason"].startswith("interrupted in cell")
    assert record["steps"][1]["reason"] == "the run was interrupted before"
    assert not reached.exists()


def test_the_watch_outlives_the_children_of_the_kernel(bench):
    children = "import subprocess\nfor _ in range(300): subprocess.run(['true'])"
    endless = "import time; time.sleep(60)"
    record, code, _ = bench.run(children, endless, timeout=8)
    assert code == 1
    assert "longer than its 8 s" in record["steps"][0]["reason"]


def test_modules_that_change_between_two_runs_of_a_process_are_noticed(bench, workspace):
    (workspace / "recsys_lib").unlink()
    (workspace / "recsys_lib").mkdir()
    module = workspace / "recsys_lib" / "paths.py"
    module.write_text((PROJECT / "recsys_lib" / "paths.py").read_text())
    bench.run(WRITE)
    module.write_text(module.read_text() + "# another solver\n")
    record, _, _ = bench.run()
    assert record["steps"][0]["reason"] == "recsys_lib/paths.py changed"


def test_a_resumed_run_of_a_sweep_is_still_not_served(bench, workspace, monkeypatch):
    bench.notebook("02", "1 / 0")
    record, _, _ = bench.run(WRITE, run_id="try-01", serve=False)
    assert record["serve"] is False
    seen = []
    monkeypatch.setattr(Run, "execute", lambda run, _: seen.append(run.serve) or sys.exit(0))
    with pytest.raises(SystemExit):
        main(bench.table, ["--resume"], project=bench.root)
    assert seen == [False]


def test_the_log_has_an_event_a_line(bench):
    _, _, folder = bench.run(WRITE)
    events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [e["event"] for e in events if "step" in e["event"]] == ["step started", "step done"] * 2
    assert {"time", "step", "cell", "cells"} <= set(events[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_the_kernel_and_record_the_interruption(bench, workspace, number, request):
    # Tests that are started in the background may inherit that SIGINT is ignored.
    before = signal.signal(number, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(number, before))
    pid_file = workspace / "kernel.pid"
    cell = (
        "import os, time; from pathlib import Path\n"
        f"Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )

    def interrupt():
        while not pid_file.exists():
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    record, code, _ = bench.run(cell)
    assert (code, record["status"]) == (130, "interrupted")
    deadline = time.time() + 10
    while _alive(int(pid_file.read_text())) and time.time() < deadline:
        time.sleep(0.1)
    assert not _alive(int(pid_file.read_text()))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--set", "als.factor=1"], 2, "did you mean 'factors'"),
        (["--steps", "embd"], 2, "did you mean 'embed'"),
        (["--nonsense"], 2, "--nonsense"),
        (["--set", "dataset=/nowhere"], 3, "/nowhere"),
        (["--plan"], 0, "als        run     after etl"),
        (["--jobs", "0"], 2, "--jobs must be at least 1"),
        (["--resume"], 2, "no unfinished run"),
        (["--resume", "--set", "als.factors=3"], 2, "leave out --set, --config"),
        (["--steps", "evaluate"], 2, "step 'etl' must run first"),
    ],
)
def test_exit_codes_before_a_kernel_starts(workspace, arguments, code, says):
    done = subprocess.run(
        [sys.executable, str(PROJECT / "run_pipeline.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=workspace,
        check=False,
    )
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert not list(workspace.glob("outputs/*"))


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
