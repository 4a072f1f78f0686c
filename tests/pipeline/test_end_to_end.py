"""The whole pipeline, as a user starts it: a command, real notebooks, real files."""

import gzip
import json

import pytest

from recsys_lib import Recommender
from recsys_lib.files import sha256
from tests.support.pipeline_runs import SMALL, latest, run_pipeline

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


@pytest.fixture
def odd_workspace(tmp_path, monkeypatch):
    """A workspace whose path has all that patterns and shells take for something else."""
    folder = tmp_path / "a shop [1] {ü} 'x' * ?"
    folder.mkdir()
    monkeypatch.setenv("RECSYS_HOME", str(folder))
    return folder


def ending(done):
    """What a run says of a person and of its quality, but not which version is served."""
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout[done.stdout.index("one of ") :].splitlines()
    assert sum("is recommended:" in line for line in lines) == 1
    assert sum(line.startswith("Of 100 held-out items, ") for line in lines) == 1
    assert last.startswith("served now: ")
    return lines


@pytest.mark.slow  # all four steps, with compiled code made anew
def test_a_small_sample_from_one_command(odd_workspace):
    workspace = odd_workspace
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
    assert ending(run_pipeline(workspace, *SMALL)) == ending(done)
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
