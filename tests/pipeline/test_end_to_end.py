"""The whole pipeline, as a user starts it: a command, real notebooks, real files."""

import gzip
import json
import subprocess
import sys
import time

import pytest
import yaml

from recsys_lib import Recommender
from recsys_lib.files import sha256
from recsys_lib.paths import Dataset, project_root

RUN_KEYS = {
    "run_id",
    "status",
    "started_at",
    "finished_at",
    "dataset",
    "parameters",
    "git",
    "environment",
    "steps",
    "metrics",
}
CUT_SHORT = gzip.compress(b'{"user_id": "u", "parent_asin": "i", "rating": 5}\n' * 9_999)[:-20]
STEP_KEYS = {
    "name",
    "status",
    "reason",
    "seconds",
    "peak_memory_mb",
    "notebook",
    "outputs",
    "metrics",
}


SMALL = (
    *("--set", "dataset=sample-1000", "--set", "als.factors=16", "--set", "embed.max_tokens=16"),
    *("--set", "evaluate.search_queries=10"),
)


def run_pipeline(workspace, *arguments):
    """Run it from another folder; returns the finished process."""
    return subprocess.run(
        [sys.executable, str(project_root() / "run_pipeline.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=workspace,
        check=False,
    )


def latest(workspace):
    return json.loads((workspace / "outputs" / "latest" / "run.json").read_text())


@pytest.mark.slow  # all four steps, with compiled code made anew
def test_a_small_sample_from_one_command(workspace):
    done = run_pipeline(workspace, *SMALL, "--run-id", "first")
    assert done.returncode == 0, done.stderr
    record = latest(workspace)
    assert record["status"] == "succeeded"
    assert set(record) >= RUN_KEYS
    assert all(set(step) >= STEP_KEYS for step in record["steps"])
    assert [step["status"] for step in record["steps"]] == ["executed"] * 4
    for step in record["steps"]:
        assert (workspace / "outputs" / "first" / step["notebook"]).is_file()
        assert step["startup_seconds"] < 5
        for output in step["outputs"]:
            assert sha256(workspace / output["path"]) == output["sha256"]
    assert record["metrics"]["als.recall@10"] > record["metrics"]["random.recall@10"]
    assert record["parameters"]["als"]["factors"] == 16
    assert (workspace / "outputs/latest/report.html").stat().st_size > 50_000
    assert Recommender.load(dataset="sample-1000").version == "first"

    # Combinations that cannot work are found before a kernel starts.
    refused = run_pipeline(workspace, "--set", "dataset=sample-1000", "--set", "als.factors=4000")
    assert refused.returncode == 2
    assert "als.factors is 4000, but the data has only" in refused.stderr

    # The same again takes everything from the first run, and seconds.
    assert run_pipeline(workspace, *SMALL).returncode == 0
    assert {step["status"] for step in latest(workspace)["steps"]} == {"cached"}

    # One step alone takes the rest from the version before; with equal factors it is served.
    done = run_pipeline(workspace, *SMALL[:4], "--steps", "als", "--force", "--run-id", "second")
    assert done.returncode == 0, done.stderr
    assert [step["name"] for step in latest(workspace)["steps"]] == ["als"]
    again = Recommender.load(dataset="sample-1000")
    assert again.version == "second"
    assert again.product_search is not None
    other = (*SMALL[:2], "--set", "als.factors=8", "--steps", "als", "--run-id", "third")
    assert "not served: nobody measured its als part" in run_pipeline(workspace, *other).stdout
    assert Recommender.load(dataset="sample-1000").version == "second"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("reviews.jsonl.gz", b"not gzip", "not readable as gzip"),
        ("reviews.jsonl.gz", CUT_SHORT, "not readable as gzip"),
        ("reviews.jsonl", b"plain text\n" * 200, "JSON lines"),
        ("reviews.jsonl", b'{"user_id": "u", "rating": 5}\n' * 50, "parent_asin"),
        ("reviews.jsonl", b"", "empty"),
        ("reviews.csv", b"rating,item_id\n5,x\n", "user_id"),
    ],
)
def test_unusable_input_ends_with_3_before_training(workspace, name, content, says):
    folder = workspace / "data" / "raw" / "shop"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    done = run_pipeline(workspace, "--set", "dataset=shop")
    assert done.returncode == 3, done.stderr
    assert says in done.stderr
    assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_too_many_bad_lines_end_with_3_and_are_kept(workspace):
    folder = workspace / "data" / "raw" / "shop"
    folder.mkdir(parents=True)
    good = '{"user_id": "u", "parent_asin": "i", "rating": 5, "timestamp": 1600000000000}\n'
    (folder / "reviews.jsonl").write_text(good * 8 + "bad\n" * 2)
    done = run_pipeline(workspace, "--set", "dataset=shop")
    assert done.returncode == 3
    assert "line 9" in done.stderr
    record = latest(workspace)
    assert record["status"] == "failed"
    assert [step["status"] for step in record["steps"]] == ["failed", *["skipped"] * 3]
    rejected = (workspace / "data/processed/shop/rejected.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in rejected] == [9, 10]
    assert (workspace / "outputs/latest/report.html").is_file()


@pytest.mark.slow
def test_the_sample_has_what_the_models_should_find(workspace):
    done = run_pipeline(workspace)
    assert done.returncode == 0, done.stderr
    metrics = latest(workspace)["metrics"]
    assert metrics["als.ndcg@10"] >= 3 * metrics["popular.ndcg@10"]
    assert max(step["peak_memory_mb"] for step in latest(workspace)["steps"]) < 3000
    recommender = Recommender.load()
    assert all("Washer" in title for title in recommender.search("washing machine", 5)["title"])
    ids = recommender.example_items(500)
    titles = recommender.als.display.filter(recommender.als.display["id"].is_in(ids))
    belts = titles.filter(titles["title"].str.contains("Dryer Drum Belt"))["id"].to_list()[:5]
    assert len(belts) == 5
    for belt in belts:
        similar = recommender.similar_items(belt, 5)["title"].str.contains("Dryer")
        assert similar.sum() >= 4, recommender.similar_items(belt, 5)["title"].tolist()


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "config", "recall"),
    [
        ("amazon2018_gift_cards", {}, 0.10),
        ("amazon2023_all_beauty", {}, 0.05),
        (
            "amazon2018_games",
            {
                "source": "tables",
                "reviews": "interactions.csv.gz",
                "products": "items.csv.gz",
                "columns": {
                    "user_id": "user_id",
                    "parent_asin": "item_id",
                    "timestamp": "position",
                },
                "product_columns": {"parent_asin": "item_id", "title": "title"},
            },
            0.095,
        ),
    ],
)
def test_real_data_by_configuration_alone(workspace, real_data, folder, config, recall):
    values = {
        "dataset": str(real_data / folder),
        "etl": config,
        "embed": {"max_tokens": 16},
        "evaluate": {"sequence": "off"},  # minutes of training that say nothing about configuration
    }
    (workspace / "run.yaml").write_text(yaml.safe_dump(values))
    done = run_pipeline(workspace, "--config", "run.yaml")
    assert done.returncode == 0, done.stderr
    record = latest(workspace)
    assert [step["status"] for step in record["steps"]] == ["executed"] * 4
    assert record["metrics"]["als.recall@10"] >= recall
    recommender = Recommender.load(dataset=Dataset.find(real_data / folder).name)
    item = recommender.example_items(1)[0]
    assert len(recommender.similar_items(item, 5)) == 5
    assert recommender.search("gift", 3)["title"].notna().all()


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
