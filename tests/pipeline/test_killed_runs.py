"""Runs killed in each of their steps."""

import subprocess
import sys
import time

import pytest

from recsys_lib.files import sha256
from recsys_lib.paths import project_root
from tests.support.pipeline_runs import SMALL, latest, run_pipeline


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The version of a run that nobody killed."""
    home = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECSYS_HOME", str(home))
        done = run_pipeline(home, *SMALL, "--jobs", "1", "--run-id", "two")
    assert done.returncode == 0, done.stderr
    return home / "models" / "sample-1000" / "two"


@pytest.mark.slow
@pytest.mark.parametrize("step", ["etl", "als", "embed", "evaluate"])
def test_a_killed_run_goes_on_and_ends_like_an_undisturbed_one(workspace, undisturbed, step):
    script = str(project_root() / "run_pipeline.py")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    killed = subprocess.Popen(
        [sys.executable, script, *SMALL, "--jobs", "1", "--run-id", "one"], **quiet
    )
    log = workspace / "outputs" / "one" / "log.jsonl"
    wait_until(lambda: log.is_file() and f'"cell started", "step": "{step}"' in log.read_text())
    killed.kill()
    killed.wait()

    done = run_pipeline(workspace, "--resume", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    record = latest(workspace)
    assert (record["run_id"], record["status"]) == ("one", "succeeded")
    names = [entry["name"] for entry in record["steps"]]
    before = names[: names.index(step)]
    assert [e["name"] for e in record["steps"] if e["status"] == "cached"] == before

    resumed = workspace / "models" / "sample-1000" / "one"
    parts = ("als/item_factors.npy", "als/user_factors.npy", "search/index.faiss")
    for name in (*parts, "evaluation/results.parquet"):
        assert sha256(resumed / name) == sha256(undisturbed / name)


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
