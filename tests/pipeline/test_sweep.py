"""Runs over a grid of parameters."""

import json

import pytest

from recsys_lib import registry
from recsys_lib.errors import ParameterError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.sweep import read_grid


def test_a_grid_is_every_combination():
    assert read_grid(["als.factors=32,64", "als.alpha=1.5, 2"]) == [
        {"als.factors": 32, "als.alpha": 1.5},
        {"als.factors": 32, "als.alpha": 2},
        {"als.factors": 64, "als.alpha": 1.5},
        {"als.factors": 64, "als.alpha": 2},
    ]
    assert read_grid(["evaluate.k_values=[5, 10],[20]"])[1] == {"evaluate.k_values": [20]}


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        (["als.factors"], "write SECTION.NAME=VALUE,VALUE"),
        (["factors=1,2"], "write SECTION.NAME=VALUE,VALUE"),
        (["als.factors=[1"], "write SECTION.NAME=VALUE,VALUE"),
        (["als.factors="], "write SECTION.NAME=VALUE,VALUE"),
        (["als.factors=1", "als.factors=2"], "als.factors is given twice"),
    ],
)
def test_what_is_no_grid(grid, says):
    with pytest.raises(ParameterError, match=says):
        read_grid(grid)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--grid", "als.factors=8,0"], "als.factors: Input should be greater than or equal to 1"),
        (["--grid", "als.factor=8"], "did you mean 'factors'"),
        (["--grid", "als.factors=8", "--resume"], "resumes by itself"),
        (["--grid", "als.factors=8", "--timeout", "0"], "--timeout must be more than 0"),
    ],
)
def test_every_combination_is_checked_before_the_first_starts(workspace, capsys, arguments, says):
    assert main(pipeline(), arguments) == 2
    assert says in capsys.readouterr().err
    assert not list(workspace.glob("outputs/*"))


def test_the_plan_of_each_combination(workspace, capsys):
    assert main(pipeline(), ["--grid", "als.factors=8,16", "--plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("als.")] == [
        "als.factors=8",
        "als.factors=16",
    ]
    assert "changed    als.factors = 16" in lines
    assert not list(workspace.glob("outputs/*"))


@pytest.mark.slow
def test_a_sweep_shares_steps_fails_alone_serves_nothing_and_compares(workspace, capsys):
    arguments = ["--set", "dataset=sample-1000", "--set", "als.iterations=5", "--run-id", "try"]
    arguments += ["--steps", "etl,als,evaluate", "--grid", "als.factors=4,8,4000"]
    assert main(pipeline(), arguments) == 2  # more factors than items, known after the ETL
    records = [read_record(workspace, f"try-0{number}") for number in (1, 2, 3)]
    assert [record["status"] for record in records] == ["succeeded", "succeeded", "failed"]
    assert [step["status"] for step in records[1]["steps"]] == ["cached", "executed", "executed"]
    dataset = Dataset.find("sample-1000")
    assert registry.champion(dataset) is None
    page = (workspace / "outputs/try/compare_runs.html").read_text()
    assert "als.factors" in page and "try-02" in page and "data:image/png" in page
    assert "recsys promote try-0" in capsys.readouterr().out
    registry.promote(dataset, "try-02")
    assert registry.require_champion(dataset) == dataset.version("try-02")


def read_record(workspace, run_id):
    return json.loads((workspace / "outputs" / run_id / "run.json").read_text())


def pipeline():
    from recsys_lib.cli import pipeline_steps

    return pipeline_steps()
