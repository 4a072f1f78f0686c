"""The runner on tiny notebooks, each with one fate."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.pipeline import runner
from recsys_lib.pipeline.progress import Progress
from recsys_lib.pipeline.runner import Run
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.pipeline.steps import Step

WRITE = """
import json
from pathlib import Path
from recsys_lib.paths import Dataset
folder = Dataset.find(dataset).processed
folder.mkdir(parents=True, exist_ok=True)
(folder / "summary.json").write_text(json.dumps({"metrics": {"etl.kept": 7}}))
"""
FAIL = "from recsys_lib.errors import {0}\nraise {0}('no good')"


@dataclass
class Bench:
    """A project of one step, whose notebook has the given cells."""

    root: Path

    def run(self, *cells, **arguments):
        notebook = nbformat.v4.new_notebook(
            metadata={
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
            },
            cells=[
                nbformat.v4.new_code_cell("dataset = ''", metadata={"tags": ["parameters"]}),
                *(nbformat.v4.new_code_cell(cell) for cell in cells),
            ],
        )
        folder = self.root / "notebooks"
        folder.mkdir(exist_ok=True)
        nbformat.write(notebook, folder / "01.ipynb")
        nbformat.write(notebook, folder / "02.ipynb")
        files = {"produces": ("{data}/summary.json",), "metrics": "{data}/summary.json"}
        table = (Step("etl", "01", **files), Step("als", "02", needs=("etl",), **files))
        run = Run.prepare(table, table, read_settings(), **arguments)
        record, code = run.execute(Progress(quiet=True))
        stored = json.loads((run.folder / "run.json").read_text())
        assert stored["status"] == record.status
        return stored, code, run.folder


@pytest.fixture
def bench(workspace, monkeypatch):
    monkeypatch.setattr(runner, "project_root", lambda: workspace)
    return Bench(workspace)


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


def test_a_run_id_is_used_once(bench):
    bench.run(WRITE, run_id="nightly")
    with pytest.raises(ParameterError, match="nightly"):
        bench.run(WRITE, run_id="nightly")


@pytest.mark.parametrize("run_id", ["latest", "../x", ""])
def test_a_run_id_is_a_plain_name(bench, run_id):
    if run_id:
        with pytest.raises(ParameterError, match="plain"):
            bench.run(WRITE, run_id=run_id)
    else:
        assert bench.run(WRITE, run_id=run_id)[1] == 0


def test_a_step_without_its_inputs_is_refused(bench, workspace):
    files = {"produces": ("{data}/summary.json",), "metrics": "{data}/summary.json"}
    table = (Step("etl", "01", **files), Step("als", "02", needs=("etl",), **files))
    with pytest.raises(ParameterError, match="step 'etl' has to run first"):
        Run.prepare(table, table[1:], read_settings())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_the_kernel_and_record_the_interruption(bench, workspace, number):
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
        (["--plan"], 0, "notebooks/02_train_als.ipynb"),
    ],
)
def test_exit_codes_before_a_kernel_starts(workspace, arguments, code, says):
    root = Path(runner.__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(root / "run_pipeline.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=workspace,
        check=False,
    )
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert not (workspace / "outputs").exists()


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
