"""The quality of runs over time, as a table and a plot."""

from recsys_lib.paths import outputs_root
from recsys_lib.pipeline.runs.quality import quality_over_runs, quality_plot
from tests.support.records import write_run


def measured(ndcg):
    return {
        "served.ndcg@10": ndcg,
        "served.ndcg@10.ci95": 0.01,
        "popular.ndcg@10": 0.05,
        "etl.kept": 1200,
    }


def test_measured_runs_of_the_dataset_oldest_first(tmp_path):
    assert quality_over_runs(outputs_root(tmp_path), "shop").is_empty()
    write_run(tmp_path, "run-c", day=3, metrics=measured(0.12))
    write_run(tmp_path, "run-a", day=1, metrics=measured(0.10))
    write_run(tmp_path, "run-b", day=2, metrics=measured(0.20), status="failed")
    write_run(tmp_path, "run-d", day=4, metrics={"als.ndcg@10": 0.3})
    write_run(tmp_path, "other", day=5, metrics=measured(0.9), dataset="sample-2000")
    table = quality_over_runs(outputs_root(tmp_path), "shop")
    assert table["run"].to_list() == ["run-a", "run-c"]
    assert table["nDCG@10"].to_list() == [0.10, 0.12]
    assert table["recall@10"].to_list() == [None, None]
    assert table["ratings"].to_list() == [1200, 1200]
    assert table["started"].dt.day().to_list() == [1, 3]


def test_a_point_for_each_run_with_its_interval(tmp_path):
    write_run(tmp_path, "run-a", day=1, metrics=measured(0.10))
    assert quality_plot(quality_over_runs(outputs_root(tmp_path), "shop")) is None
    write_run(tmp_path, "run-b", day=2, metrics=measured(0.12))
    plot = quality_plot(quality_over_runs(outputs_root(tmp_path), "shop"))
    (axes,) = plot.axes
    assert list(axes.containers[0].lines[0].get_ydata()) == [0.10, 0.12]
    assert plot.render().startswith(b"\x89PNG")
