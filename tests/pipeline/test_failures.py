"""A folder of tiny notebooks, each with one fate: exit code, record and message of each."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from recsys_lib.paths import project_root
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.execution.notebook import CellError, Execution
from recsys_lib.pipeline.steps import Step
from tests.support.in_process import run_in_process

NOTEBOOKS = Path(__file__).with_name("notebooks")
SUMMARY = ("{data}/summary.json",)
FATES = {
    "exception": ("FAILED in cell 4: ZeroDivisionError: division by zero", "return a / b"),
    "sys_exit": ("FAILED in cell 4: SystemExit: 3", "SystemExit"),
    "killed": ("FAILED in cell 4: DeadKernel: the kernel died", "memory ran out; it held "),
    "endless": ("FAILED in cell 4: StepTimeout: the step took longer than its 3 s", "it held "),
    "undeclared_output": (
        "FAILED in its outputs:",
        "extra.csv was written, but no step declares it",
    ),
    "missing_output": ("FAILED in its outputs:", "summary.json is missing or empty"),
}


@pytest.fixture
def run(workspace):
    """Run a fixture as the first of two steps; returns exit code and record."""
    (workspace / "recsys_lib").symlink_to(project_root() / "recsys_lib")
    shutil.copytree(NOTEBOOKS, workspace / "notebooks")

    def run(name, *arguments):
        first = Step("etl", name, produces=SUMMARY, timeout=3 if name == "endless" else 120)
        second = Step("als", "ends_well", needs=("etl",))
        code = main((first, second), ["--run-id", name, *arguments], project=workspace)
        path = workspace / "outputs" / name / "run.json"
        return code, json.loads(path.read_text()) if path.is_file() else None

    return run


@pytest.mark.parametrize("name", FATES)
def test_exit_code_record_and_message(run, workspace, capsys, name):
    code, record = run(name, "--quiet")
    assert (code, record["status"]) == (1, "failed")
    first, second = record["steps"]
    assert (first["status"], second["status"]) == ("failed", "skipped")
    assert second["reason"] == "step etl did not succeed"
    out, err = capsys.readouterr()
    assert out == ""
    for words in FATES[name]:
        assert words in err
    assert first["reason"] in err
    folder = workspace / "outputs" / name
    assert f"notebook with the error: {folder / first['notebook']}" in err
    assert (folder / first["notebook"]).is_file()
    assert first["reason"].split(":")[0] in (folder / "report.html").read_text()
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [e["step"] for e in log if e["event"] == "step failed"] == ["etl"]


def test_a_notebook_that_takes_no_parameters_is_refused(run, capsys):
    assert run("no_parameters") == (2, None)
    says = "no_parameters.ipynb has 0 cells with the tag 'parameters'"
    assert says in capsys.readouterr().err


def test_what_an_earlier_run_left_does_not_count(run, capsys, monkeypatch):
    monkeypatch.setattr("recsys_lib.pipeline.execution.notebook.run_notebook", run_in_process)
    assert run("ends_well")[0] == 0
    code, record = run("missing_output")
    assert (code, record["steps"][0]["status"]) == (1, "failed")
    assert "did not write" in capsys.readouterr().err
    assert run("exception")[1]["steps"][0]["status"] == "failed"


def test_the_command_to_resume_can_be_typed_as_it_stands(run, workspace, capsys, monkeypatch):
    monkeypatch.chdir(workspace)
    assert run("exception")[0] == 1
    command = capsys.readouterr().err.splitlines()[-1]
    assert command == (
        f"to resume: RECSYS_HOME={workspace} {sys.executable} run_pipeline.py --resume exception"
    )


@pytest.mark.parametrize("error", ["InputDataError", "ParameterError", "StorageError"])
def test_advice_leads_on(run, capsys, monkeypatch, error):
    """After bad input a repeat would end alike; after a full disk it goes on."""
    failed = Execution(0.0, 0.0, 0.0, CellError(error, "shop.csv: bad", 3, ["Traceback", "line 1"]))
    monkeypatch.setattr(
        "recsys_lib.pipeline.execution.notebook.run_notebook", lambda *_, **__: failed
    )
    code, _ = run("exception")
    said = capsys.readouterr().err
    assert code == {"InputDataError": 3, "ParameterError": 2, "StorageError": 1}[error]
    assert f"{error}: shop.csv: bad" in said
    assert "Traceback" not in said
    assert ("--resume" in said) == (error == "StorageError")


def test_a_workspace_that_cannot_be_written(run, workspace, capsys, monkeypatch):
    (workspace / "file").touch()
    monkeypatch.setenv("RECSYS_HOME", str(workspace / "file"))
    assert run("ends_well") == (1, None)
    assert "move it, or set RECSYS_HOME" in capsys.readouterr().err


@pytest.mark.slow
def test_a_plot_that_cannot_be_drawn_is_a_warning(run, workspace, capsys):
    code, record = run("bad_plot")
    assert (code, record["steps"][0]["status"]) == (0, "executed")
    says = "bad_plot: timeline could not be shown: ValueError: Axis limits cannot be NaN or Inf"
    assert record["steps"][0]["warnings"] == [says]
    assert f"warning: {says}" in capsys.readouterr().out
    assert says in (workspace / "outputs" / "bad_plot" / "report.html").read_text()
