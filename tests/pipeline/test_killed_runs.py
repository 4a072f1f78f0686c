"""Runs killed in each of their steps."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from recsys_lib.files import read_json, sha256
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
    parts = ("als/item_factors.npy", "als/histories.items.npy", "search/index.faiss")
    for name in (*parts, "evaluation/results.parquet"):
        assert sha256(resumed / name) == sha256(undisturbed / name)


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


NOTEBOOK_THAT_KEEPS_EVERY_ITERATION = """
import json, sys
from pathlib import Path
from recsys_lib import checkpoints
checkpoints.SECONDS, checkpoints._MOST_SHARE = 0.0, float("inf")
display = print
for cell in json.loads(Path(sys.argv[1]).read_text())["cells"]:
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]), globals())
        if "parameters" in cell["metadata"].get("tags", []):
            globals().update(json.loads(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_step_goes_on_from_the_checkpoint_of_a_killed_process(workspace, tmp_path):
    given = {"factors": 8, "regularization": 5.0, "iterations": 200, "tolerance": 0.0}
    options = [word for key, value in given.items() for word in ("--set", f"als.{key}={value}")]
    dataset = ("--set", "dataset=sample-300")
    assert run_pipeline(workspace, *dataset, "--steps", "etl").returncode == 0
    folder = workspace / "data" / "processed" / "sample-300" / ".checkpoints"

    notebook = str(project_root() / "notebooks" / "02_train_als.ipynb")
    arguments = (notebook, json.dumps({"dataset": "sample-300", "solver": "exact", **given}))
    code = NOTEBOOK_THAT_KEEPS_EVERY_ITERATION
    killed = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=project_root())
    try:
        wait_until(lambda: list(folder.glob("als-training-*.npz")), seconds=300)
    finally:
        killed.kill()
        killed.wait()

    # What was done says that it took a day, so that whoever goes on from it is known.
    (path,) = folder.glob("als-training-*.npz")
    with np.load(path) as file:
        kept = dict(file)
    kept["history"][:, 1] = 86_400.0
    np.savez(path, **kept)
    als = ("--steps", "als", "--set", "als.solver=exact", *dataset, *options)
    assert run_pipeline(workspace, *als, "--run-id", "resumed").returncode == 0
    assert not list(folder.glob("*.npz"))
    assert run_pipeline(workspace, *als, "--run-id", "forced", "--force").returncode == 0
    models = workspace / "models" / "sample-300"
    seconds = [
        read_json(models / run / "als" / "part.json")["metrics"]["als.training_seconds"]
        for run in ("resumed", "forced")
    ]
    assert seconds[0] >= 86_400 * len(kept["history"]) >= 86_400 > seconds[1]
    for name in ("item_factors.npy", "histories.confidences.npy"):
        paths = (models / run / "als" / name for run in ("resumed", "forced"))
        assert len({sha256(path) for path in paths}) == 1
