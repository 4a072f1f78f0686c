"""Runs logged to a real MLflow server of this machine."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path

import pytest

from recsys_lib import registry
from recsys_lib.cli import main
from recsys_lib.errors import ParameterError, TrackingError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.runs import register_champion
from recsys_lib.pipeline.runs.tracking import check_tracking, track
from tests.support.records import write_run
from tests.support.versions import write_part

# The full package, which has the server, wants an older pandas than ours: it gets its own place.
SERVER = "mlflow==3.17.2"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def server(pytestconfig, tmp_path_factory):
    """Its address; installed once and kept in pytest's cache."""
    home = Path(pytestconfig.cache.mkdir("mlflow-server"))
    python = home / "bin" / "python"
    if not (home / "installed").is_file():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", SERVER], check=True)
        (home / "installed").touch()
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--serve-artifacts"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail((folder / "log").read_text())
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


@pytest.fixture
def run(workspace):
    """A finished run with a report and a notebook."""
    facts = {"metrics": {"als.recall@10": 0.25, "als.loss": None}, "als": {"factors": 64}}
    write_run(workspace, "r1", finished_at="2026-01-01T03:16:00.000Z", **facts)
    folder = workspace / "outputs" / "r1"
    (folder / "report.html").write_text("<p>report</p>")
    (folder / "01_etl.ipynb").write_text("{}")
    return folder


def logged(address):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name("shop")
    return client, client.search_runs([experiment.experiment_id])


@pytest.mark.slow
def test_parameters_metrics_and_report_are_logged_once(server, run, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    check_tracking()
    assert "experiment shop" in track(run)
    track(run)  # a run that went on is the same run
    client, (one,) = logged(server)
    assert one.info.run_name == "r1"
    assert one.info.status == "FINISHED"
    assert one.data.metrics["als.recall_at_10"] == 0.25
    assert "als.loss" not in one.data.metrics
    assert one.data.params["als.factors"] == "64"
    assert one.data.params["dataset"] == "shop"
    assert one.data.tags["changed_parameters"] == "als.factors"
    assert one.data.tags["git.commit"] == "a" * 40
    assert one.info.end_time - one.info.start_time == 60_000
    names = {artifact.path for artifact in client.list_artifacts(one.info.run_id)}
    assert names == {"run.json", "report.html", "01_etl.ipynb"}

    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"status": "failed"}))
    track(run)
    assert [found.info.status for found in logged(server)[1]] == ["FAILED"]


@pytest.mark.slow
def test_a_whole_pipeline_run_is_logged(server, workspace, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    arguments = ["--set", "dataset=sample-1000", "--steps", "etl", "--run-id", "tracked"]
    assert main(["run", "--mlflow", *arguments]) == 0
    assert "tracked: http://127.0.0.1" in capsys.readouterr().out
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("sample-1000")
    (one,) = client.search_runs([experiment.experiment_id])
    assert one.data.metrics["etl.users"] == 1000
    assert one.data.metrics["etl.seconds"] > 0


class TestRegistering:
    @pytest.fixture
    def shop(self, server, workspace, monkeypatch):
        """A shop with runs v1 and v2, of which v2 is served."""
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        shop = Dataset.find(workspace.name)  # the server keeps what other tests registered
        for number in (1, 2):
            finished = f"2026-01-0{number}T03:16:00.000Z"
            facts = {"dataset": shop.name, "day": number, "finished_at": finished}
            write_run(workspace, f"v{number}", **facts)
            write_part(shop, f"v{number}", "als", number)
            registry.publish(shop, f"v{number}")
        return shop

    @pytest.mark.slow
    def test_the_alias_leads_to_what_is_served(self, server, shop):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=server)
        assert register_champion(shop) == f"model {shop.name}, version 1, alias champion"
        assert register_champion(shop).startswith(f"model {shop.name}, version 1,")  # once
        found = client.get_model_version_by_alias(shop.name, "champion")
        assert found.tags["recsys.version"] == "v2"
        assert found.tags["recsys.reason"] == "not compared with v1: not both were evaluated"
        assert found.tags["recsys.by"] == "run"
        (path,) = client.list_artifacts(found.run_id, "version")
        manifest = client.download_artifacts(found.run_id, path.path)
        kept = json.loads((shop.version("v2") / "manifest.json").read_text())
        assert json.loads(Path(manifest).read_text())["files"] == kept["files"]

        options = ["--mlflow", "--dataset", shop.name]
        assert main(["rollback", "--reason", "one item for everybody", *options]) == 0
        found = client.get_model_version_by_alias(shop.name, "champion")
        assert (found.tags["recsys.version"], found.version) == ("v1", "2")
        assert found.tags["recsys.reason"] == "rolled back from v2: one item for everybody"
        assert main(["promote", "v2", *options]) == 0
        assert client.get_model_version_by_alias(shop.name, "champion").version == "1"
        assert len(client.search_model_versions(f"name = '{shop.name}'")) == 2

    @pytest.mark.slow
    def test_a_run_that_is_gone_is_said(self, shop, capsys):
        shutil.rmtree(shop.root / "outputs" / "v1")
        assert main(["rollback", "--mlflow", "--dataset", shop.name]) == 1
        out, said = capsys.readouterr()
        assert "version v1 is served now, not v2" in out
        assert "version v1 is served, but not registered in MLflow: the record of its run" in said

    def test_nothing_is_changed_where_the_server_does_not_answer(
        self, workspace, monkeypatch, capsys
    ):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        shop = Dataset.find("shop")
        for number in (1, 2):
            write_part(shop, f"v{number}", "als", number)
            registry.publish(shop, f"v{number}")
        for command in (["rollback"], ["promote", "v1"]):
            assert main([*command, "--mlflow", "--dataset", "shop"]) == 2
            assert "does not answer" in capsys.readouterr().err
        assert registry.champion(shop).name == "v2"
        write_run(workspace, "v2", finished_at="2026-01-01T03:16:00.000Z")
        with pytest.raises(TrackingError, match=r"v2 is served, but MLflow .* did not register it"):
            register_champion(shop)

    def test_nothing_is_served(self, workspace):
        assert register_champion(Dataset.find("shop")) == ""


def test_no_server_is_named(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ParameterError, match="export MLFLOW_TRACKING_URI"):
        check_tracking()


def test_a_server_that_does_not_answer(run, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:secret@127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    started = time.monotonic()
    with pytest.raises(ParameterError, match="does not answer") as caught:
        check_tracking()
    with pytest.raises(TrackingError, match=r"r1 \(succeeded\) is recorded in") as later:
        track(run)
    assert time.monotonic() - started < 20
    assert "secret" not in str(caught.value) + str(later.value)


def test_without_mlflow(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ParameterError, match=r"\.\[mlflow\]"):
        check_tracking()


def test_mlflow_is_not_imported_until_it_is_wanted():
    code = "import sys, recsys_lib.cli; assert 'mlflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
