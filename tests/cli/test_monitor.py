"""``recsys monitor``: sentences, exit codes, the record beside the page, and the page."""

import json

import pytest

from recsys_lib.cli import main
from recsys_lib.errors import EXIT_BAD_PARAMETERS, EXIT_LOOK, EXIT_OK, EXIT_RETRAIN
from recsys_lib.paths import Dataset
from tests.loop.test_drift import world
from tests.loop.test_monitor import serve, store
from tests.support import corner_shop


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A dataset in a workspace of its own."""
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    dataset = Dataset.find("shop", tmp_path)
    dataset.raw.mkdir(parents=True)
    return dataset


def ask(capsys, *options):
    code = main(["monitor", "--dataset", "shop", *options])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_fine_is_a_line_and_the_code_0(shop, capsys):
    rows = world()
    store(shop, rows)
    serve(shop, rows, "v1")
    assert ask(capsys, "--no-page") == (EXIT_OK, "shop: fine\n", "")
    _, out, _ = ask(capsys, "--no-page", "--all")
    assert "fine: ratings: mean" in out


def test_each_urgent_finding_is_a_line_with_its_remedy(shop, capsys):
    rows = world(ratings=[6, 4, 2, 1, 1])
    store(shop, rows, fingerprint="newer")
    serve(shop, rows, "v1")
    code, out, _ = ask(capsys, "--no-page")
    first, second = out.splitlines()
    assert (code, first) == (EXIT_RETRAIN, "shop: retrain")
    assert second.startswith("retrain: ratings: mean")
    assert "run_pipeline.py --set dataset=shop" in second
    saved = json.loads((shop.root / "outputs/monitor/shop/monitor.json").read_text())
    assert (saved["verdict"], saved["version"]) == ("retrain", "v1")


def test_parameters_come_from_a_file_or_the_command_line(shop, capsys, tmp_path):
    rows = world()
    store(shop, rows)
    (tmp_path / "shop.yaml").write_text("monitor:\n  days: 200\n")
    _, out, _ = ask(capsys, "--no-page", "--all", "--config", str(tmp_path / "shop.yaml"))
    assert "nothing is old enough" in out
    code, out, err = ask(capsys, "--set", "als.factors=8")
    assert (code, out) == (EXIT_BAD_PARAMETERS, "")
    assert "set monitor.NAME" in err
    code, _, err = ask(capsys, "--set", "monitor.days=0")
    assert code == EXIT_BAD_PARAMETERS
    assert "monitor.days" in err


@pytest.mark.usefixtures("shop")
def test_an_unknown_dataset_and_one_without_data(capsys):
    code, out, err = ask(capsys, "--dataset", "shoe")
    assert (code, out) == (EXIT_BAD_PARAMETERS, "")
    assert "did you mean 'shop'" in err
    code, _, err = ask(capsys)
    assert code == 1
    assert "run the etl step first" in err


@pytest.mark.slow
def test_it_is_a_step_of_the_pipeline_where_it_is_named(shop, capsys):
    corner_shop.store(shop.root)
    arguments = ["run", "--set", "dataset=shop", "--steps", "monitor", "--set", "monitor.days=14"]
    for run_id in ("r1", "r2"):
        assert main([*arguments, "--run-id", run_id]) == EXIT_OK
        out = capsys.readouterr().out
        assert "monitor: look at this" in out
        assert "warning: look at this: no version is served" in out
        folder = shop.root / "outputs" / run_id
        (step,) = json.loads((folder / "run.json").read_text())["steps"]
        assert (step["status"], step["metrics"]["monitor.exit_code"]) == ("executed", EXIT_LOOK)
        assert "no version is served" in (folder / "05_monitor.html").read_text()
        assert "days = 14" in (folder / "05_monitor.ipynb").read_text()
    assert json.loads(shop.monitored.read_text())["verdict"] == "look at this"
    assert not (shop.models / "r2").exists()


@pytest.mark.slow
def test_the_page_has_the_verdict_and_needs_no_network(shop, capsys):
    store(shop, world())
    code, out, _ = ask(capsys)
    assert code == EXIT_LOOK
    page = (shop.root / "outputs/monitor/shop/05_monitor.html").read_text()
    assert out.splitlines()[-1].endswith("05_monitor.html")
    assert "shop: look at this" in page
    assert "no version is served" in page
    assert "<script" not in page
    assert 'src="http' not in page
