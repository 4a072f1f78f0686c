"""Runs side by side, from records with known numbers."""

import math

import pytest

from recsys_lib.cli import main
from recsys_lib.errors import ParameterError
from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.runs import plots
from recsys_lib.pipeline.runs.comparison import Comparison
from tests.support.records import write_run

METRIC = "als.ndcg@10"


def metrics(value, half):
    return {METRIC: value, f"{METRIC}.ci95": half, "etl.kept": 1200.0, "als.loss": value / 2}


@pytest.fixture
def runs(workspace):
    """A base; a run beyond noise; one within it; one without the metric."""
    write_run(workspace, "20260101-base", day=1, metrics=metrics(0.20, 0.003))
    write_run(workspace, "20260102-more", day=2, als={"factors": 64}, metrics=metrics(0.21, 0.004))
    write_run(workspace, "20260103-same", day=3, als={"factors": 32}, metrics=metrics(0.204, 0.003))
    write_run(workspace, "20260104-none", day=4, als={"factors": 16}, status="failed")
    return workspace


def compare(*names):
    return Comparison.from_names(outputs_root(), names)


def test_only_parameters_that_differ_are_listed(runs):
    table = compare("base", "more", "same").parameters()
    assert table.rows() == [("als.factors", "auto", "64", "32")]


def test_a_change_counts_when_it_is_larger_than_the_interval_of_a_difference(runs):
    rows = compare("base", "more", "same", "none").metrics().filter(metric=METRIC)
    assert rows["verdict"].to_list() == ["", "better", "within noise", ""]
    assert rows["change"].to_list() == [None, pytest.approx(0.01), pytest.approx(0.004), None]
    assert math.hypot(0.003, 0.004) < 0.01 and math.hypot(0.003, 0.003) > 0.004
    assert compare("more", "base").metrics().filter(metric=METRIC)["verdict"][1] == "worse"


def test_runs_of_different_datasets_get_no_verdict(runs):
    write_run(runs, "20260105-other", day=5, dataset="toys", metrics=metrics(0.9, 0.001))
    rows = compare("base", "other").metrics().filter(metric=METRIC, run="20260105-other")
    assert rows["value"].to_list() == [0.9]
    assert rows.select("change", "verdict").rows() == [(None, "")]


def test_metrics_are_shown_with_intervals_and_only_where_they_differ(runs):
    table = compare("base", "more").metric_table()
    assert table["name"].to_list() == [METRIC, "als.loss"]
    assert table.row(0)[1:] == ("0.2000 ± 0.0030", "0.2100 ± 0.0040 better")
    everything = compare("base", "more").metric_table(all_rows=True)
    assert ("etl.kept", "1,200", "1,200") in everything.rows()


def test_other_data_code_and_packages_are_named(workspace):
    data = "{data}/interactions.parquet"
    write_run(workspace, "a1", inputs={data: "0" * 64, "{version}/als/part.json": "1"})
    write_run(workspace, "b1", inputs={data: "f" * 64, "{version}/als/part.json": "2"}, commit="b")
    assert compare("a1", "b1").other_differences().rows() == [
        ("commit", "aaaaaaaaaa", "b"),
        ("input interactions.parquet", "0000000000", "ffffffffff"),
    ]
    assert len(compare("a1", "a1").other_differences()) == 0


def test_the_best_run_and_those_within_noise_of_it(runs):
    comparison = compare("base", "more", "same", "none")
    assert comparison.best(METRIC) == "20260102-more"
    assert comparison.summary(METRIC) == (
        "Run 20260102-more has the highest als.ndcg@10: 0.2100 ± 0.0040."
    )
    alike = compare("same", "base").summary(METRIC)
    assert alike.endswith("Within noise of it: 20260101-base.")
    assert compare("none").best(METRIC) is None


def test_the_overview_has_a_row_for_each_run(runs):
    table = compare("base", "none").overview([METRIC])
    assert table.rows() == [
        ("20260101-base", "auto", "succeeded", "0.2000 ± 0.0030"),
        ("20260104-none", "16", "failed", "-"),
    ]
    assert "status" not in compare("base", "more").overview().columns


def test_runs_are_found_by_a_part_of_their_id(runs):
    with pytest.raises(ParameterError, match="run '2026' could be 20260104-none"):
        compare("2026")
    with pytest.raises(ParameterError, match=r"no run '20260102-mor3'.*did you mean"):
        compare("20260102-mor3")


def test_the_newest_runs_that_succeeded(runs):
    ids = Comparison.from_newest(outputs_root(), "shop").run_ids
    assert ids == ["20260102-more", "20260103-same"]
    with pytest.raises(ParameterError, match="'other' has no run that succeeded"):
        Comparison.from_newest(outputs_root(), "other")


def test_one_run_says_that_it_is_alone(runs):
    alone = Comparison.from_newest(outputs_root(), "shop", n=1)
    assert alone.summary(METRIC).startswith("There is only one run, 20260103-same, and nothing")
    assert (len(alone.parameters()), len(alone.overview())) == (0, 1)


def test_the_plot_calls_runs_by_what_they_differ_in(runs):
    comparison = compare("base", "more", "none")
    assert plots.run_names(comparison)["20260102-more"] == "als.factors=64"
    labels = plots.intervals(comparison, METRIC).axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["als.factors=auto", "als.factors=64"]
    assert plots.run_names(compare("base", "base")) == {"20260101-base": "20260101-base"}


def test_the_command_prints_what_differs(runs, capsys):
    assert main(["compare", "base", "more"]) == 0
    out = capsys.readouterr().out
    assert "als.factors  auto" in out
    assert "0.2100 ± 0.0040 better" in out
    assert main(["compare", "base"]) == 2
    assert "two runs or more" in capsys.readouterr().err


def test_many_runs_are_listed_below_each_other_only(runs, capsys):
    assert main(["compare", *["base"] * 5]) == 0
    assert len(capsys.readouterr().out.strip().splitlines()) == 6
