"""The DAG in a real Airflow, in an environment of its own: the libraries of both do not mix."""

import os
import subprocess
import sys

import pytest

from recsys_lib.files import read_json
from recsys_lib.paths import project_root

AIRFLOW = "apache-airflow==3.3.2"
CONFIG = """
dataset: sample-1000
als: {factors: 16, iterations: 5}
embed: {max_tokens: 16}
evaluate: {sequence: "off"}
"""

pytestmark = pytest.mark.slow


def call(*command, **environment):
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    """Calls Airflow with the DAG folder and a database of its own."""
    home = tmp_path_factory.mktemp("airflow")
    call(sys.executable, "-m", "venv", str(home / "venv"))
    programs = home / "venv" / "bin"
    call(str(programs / "pip"), "install", "-q", "--no-compile", AIRFLOW)
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project_root() / "deploy" / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPYCACHEPREFIX": str(home / "compiled"),
    }

    def airflow(*arguments, **more):
        return call(str(programs / "airflow"), *arguments, **environment, **more)

    airflow("db", "migrate")
    return airflow


@pytest.fixture
def checkout(tmp_path):
    """The project, with the Python of these tests as that of its environment."""
    folder = tmp_path / "checkout"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / ".venv" / "bin" / "python").chmod(0o755)
    (folder / "run_pipeline.py").symlink_to(project_root() / "run_pipeline.py")
    (folder / "shop.yaml").write_text(CONFIG)
    return folder


def test_each_step_is_a_task_and_the_report_is_kept(airflow, checkout, tmp_path):
    home, reports = tmp_path / "workspace", tmp_path / "reports"
    places = {"RECSYS_CHECKOUT": str(checkout), "RECSYS_HOME": str(home)}
    said = airflow(
        "dags", "test", "recommender", "2026-01-02", **places, RECSYS_REPORTS=str(reports)
    )
    for task in ("etl", "als", "embed", "evaluate_and_serve", "keep_report"):
        assert f"end task task_id={task} " in said
    record = read_json(home / "outputs" / "latest" / "run.json")
    states = {step["name"]: step["status"] for step in record["steps"]}
    assert states == {"etl": "cached", "als": "cached", "embed": "cached", "evaluate": "executed"}
    (report,) = reports.iterdir()
    assert report.name == "report-20260102T000000.html"
    assert (home / "models" / "sample-1000" / "champion.json").is_file()


def test_a_task_that_fails_for_the_last_time_is_told(airflow, checkout, tmp_path):
    (checkout / "shop.yaml").write_text("dataset: nowhere")
    told = tmp_path / "told"
    tell = tmp_path / "tell"
    tell.write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    tell.chmod(0o755)
    places = {"RECSYS_CHECKOUT": str(checkout), "RECSYS_HOME": str(tmp_path / "workspace")}
    places |= {"AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "0", "RECSYS_ALERT": str(tell)}
    with pytest.raises(AssertionError):
        airflow("dags", "test", "recommender", "2026-01-03", **places, RECSYS_RETRIES="0")
    assert told.read_text().startswith("recommender.etl failed: ")
