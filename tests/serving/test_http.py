"""The REST contract over real HTTP, on a small trained shop."""

import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from recsys_lib import Recommender
from recsys_lib.paths import Dataset
from recsys_lib.serving import registry
from recsys_lib.serving.api import create_app
from recsys_lib.serving.service import Service
from recsys_lib.serving.training import TrainingJobs, pipeline_command


@contextmanager
def served(service):
    """A client of a server in a thread, on a free port."""
    server = uvicorn.Server(uvicorn.Config(create_app(service), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(20)


def child(code):
    """A training command that runs a line of Python."""
    return lambda dataset, model_type: [sys.executable, "-c", code]


@pytest.fixture(scope="module")
def client(shop):
    with served(Service(shop)) as client:
        yield client


@pytest.fixture(scope="module")
def known(shop):
    return Recommender.load(shop.version("v1"))


def test_status(client):
    body = client.get("/status").json()
    assert set(body) == {"database", "matrix_factorization", "similarity_search"}
    assert set(body["database"]) == {"n_ratings", "n_users", "n_products", "avg_rating"}
    factors = body["matrix_factorization"]
    assert set(factors) == {"status", "n_users", "n_items", "n_factors"}
    assert (factors["status"], factors["n_factors"]) == ("ready", 16)
    search = body["similarity_search"]
    assert set(search) == {"status", "n_products", "embedding_dimension"}
    assert (search["status"], search["embedding_dimension"]) == ("ready", 384)


def test_similar(client, known):
    item = known.example_items(1)[0]
    answer = client.post("/matrix_factor/similar", json={"item_id": item, "n": 3})
    assert answer.status_code == 200
    rows = answer.json()["recommendations"]
    assert len(rows) == 3
    assert all(set(row) == {"item_id", "score", "title", "image_url"} for row in rows)
    assert [row["item_id"] for row in rows] == known.similar_items(item, 3)["item_id"].tolist()


def test_user(client, known):
    user = known.example_users(1)[0]
    new, all_ = (
        client.post(
            "/matrix_factor/user",
            json={"user_id": user, "n": 50, "filter_already_liked": without},
        ).json()["recommendations"]
        for without in (True, False)
    )
    assert [row["item_id"] for row in new] == known.recommend(user, 50)["item_id"].tolist()
    assert new != all_


def test_search(client):
    rows = client.post("/search", json={"query": "dryer belt", "top_k": 4}).json()["results"]
    assert len(rows) == 4
    assert all(set(row) == {"product_id", "title", "score", "image_url"} for row in rows)
    assert any("Dryer" in row["title"] for row in rows)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/matrix_factor/similar", {"item_id": "nope"}, 404),
        ("/matrix_factor/user", {"user_id": "nobody"}, 404),
        ("/matrix_factor/similar", {}, 422),
        ("/matrix_factor/similar", {"item_id": "x", "n": 0}, 422),
        ("/matrix_factor/similar", {"item_id": "x", "n": 100_000}, 422),
        ("/matrix_factor/similar", {"item_id": "x", "number": 3}, 422),
        ("/matrix_factor/user", {"user_id": ""}, 422),
        ("/search", {"query": "   "}, 422),
        ("/search", {"query": "x", "top_k": "many"}, 422),
        ("/training", {"model_type": "xx"}, 422),
    ],
)
def test_mistakes(client, path, body, code):
    answer = client.post(path, json=body)
    assert answer.status_code == code
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "query", ["🧺", "?!.,", "x" * 10_000, "' OR 1=1 --", "<b>belt</b>", "洗濯機"]
)
def test_odd_queries_are_answered(client, query):
    answer = client.post("/search", json={"query": query, "top_k": 2})
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 2


def test_many_at_once(client, known):
    item = known.example_items(1)[0]

    def ask(_):
        return client.post("/matrix_factor/similar", json={"item_id": item, "n": 3}).json()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, range(40)))
    assert all(answer == answers[0] for answer in answers)


def test_nothing_trained_yet(workspace):
    with served(Service(Dataset.find("empty"))) as client:
        body = client.get("/status").json()
        assert body["database"]["n_ratings"] == 0
        assert body["matrix_factorization"]["status"] == "not_trained"
        answer = client.post("/search", json={"query": "belt"})
    assert answer.status_code == 409
    assert "run_pipeline.py" in answer.json()["detail"]


def test_a_trained_model_is_not_trained_again(client):
    for model_type, metric in (("mf", "als.items"), ("ss", "search.n_products")):
        body = client.post("/training", json={"model_type": model_type}).json()
        assert set(body) == {"status", "message", "model_type", "stats"}
        assert (body["status"], body["model_type"]) == ("already_trained", model_type)
        assert body["stats"][metric] > 0


def test_training_runs_in_a_child_and_one_at_a_time(workspace):
    dataset = Dataset.find("shop")
    jobs = TrainingJobs(dataset, child("import time; time.sleep(60)"))
    with served(Service(dataset, jobs)) as client:
        first = client.post("/training", json={"model_type": "mf"}).json()
        second = client.post("/training", json={"model_type": "ss"}).json()
        status = client.get("/status").json()
        process = jobs._jobs["mf"].process
    assert (first["status"], second["status"]) == ("started", "running")
    assert status["matrix_factorization"]["status"] == "training"
    assert status["similarity_search"]["status"] == "not_trained"
    assert process.poll() is not None, "the child must end with the server"


def test_a_failed_training_is_told(workspace):
    dataset = Dataset.find("shop")
    jobs = TrainingJobs(dataset, child("print('broken'); raise SystemExit(3)"))
    with served(Service(dataset, jobs)) as client:
        client.post("/training", json={"model_type": "mf"})
        jobs._jobs["mf"].process.wait(30)
        status = client.get("/status").json()["matrix_factorization"]["status"]
        again = client.post("/training", json={"model_type": "mf"}).json()
    assert status == "failed"
    assert again["status"] == "started"
    assert "exit code 3" in again["message"]
    assert "broken" in (dataset.models / "training-mf.log").read_text()


def test_the_command_loads_data_that_was_never_loaded(workspace, shop):
    assert "etl,als,evaluate" in pipeline_command(Dataset.find("sample"), "mf")
    assert "embed" in pipeline_command(shop, "ss")


def test_a_new_champion_is_served_at_once(shop, tmp_path):
    dataset = Dataset(shop.name, tmp_path / "data" / "raw" / shop.name, tmp_path)
    shutil.copytree(shop.version("v1") / "als", dataset.version("a") / "als")
    registry.publish(dataset, "a")
    with served(Service(dataset)) as client:
        assert client.post("/search", json={"query": "belt"}).status_code == 409
        shutil.copytree(shop.version("v1") / "search", dataset.version("b") / "search")
        registry.publish(dataset, "b")
        assert client.post("/search", json={"query": "belt"}).status_code == 200


@pytest.mark.slow
def test_training_through_http_runs_the_real_pipeline(workspace):
    with served(Service(Dataset.find("sample-500"))) as client:
        for model_type, section in (("mf", "matrix_factorization"), ("ss", "similarity_search")):
            started = client.post("/training", json={"model_type": model_type}).json()
            assert started["status"] == "started"
            deadline = time.time() + 180
            while (state := client.get("/status").json()[section]["status"]) == "training":
                assert time.time() < deadline
                time.sleep(0.5)
            assert state == "ready", (
                workspace / f"models/sample-500/training-{model_type}.log"
            ).read_text()
        assert client.post("/search", json={"query": "dryer belt"}).status_code == 200
