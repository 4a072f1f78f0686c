"""The HTTP service over models that were really trained."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys_lib import Recommender
from recsys_lib.paths import Dataset
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.service import Service
from tests.support.http_server import serving


@pytest.fixture(scope="module")
def client(shop):
    with serving(create_app(Service(shop))) as client:
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
    assert (factors["status"], factors["n_factors"]) == ("trained", 16)
    search = body["similarity_search"]
    assert set(search) == {"status", "n_products", "embedding_dimension"}
    assert (search["status"], search["embedding_dimension"]) == ("trained", 384)


def test_similar(client, known):
    item = known.example_items(1)[0]
    answer = client.post("/matrix_factor/similar", json={"item_id": item, "n": 3})
    assert answer.status_code == 200
    rows = answer.json()["recommendations"]
    assert len(rows) == 3
    assert all(set(row) == {"item_id", "score", "title", "image_url", "variants"} for row in rows)
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


def test_a_history_an_item_and_nearest_texts(client, known):
    one, two = known.example_items(2)
    answer = client.post("/matrix_factor/history", json={"item_ids": [one, two, one], "n": 5})
    rows = answer.json()["recommendations"]
    expected = known.recommend_for_history([two, one], 5)["item_id"].tolist()
    assert [row["item_id"] for row in rows] == expected
    assert {row["reason"] for row in rows} == {None}, "this version was not evaluated"
    assert client.get(f"/items/{one}").json() == known.item(one)
    assert known.item(one)["item_id"] == one
    answer = client.post("/matrix_factor/similar", json={"item_id": one, "n": 3, "by": "text"})
    near = [row["item_id"] for row in answer.json()["recommendations"]]
    assert near == known.similar_items(one, 3, by="text")["item_id"].tolist()
    answer = client.post("/matrix_factor/similar", json={"item_id": one.lower() + " "})
    assert answer.status_code == 404
    assert f"did you mean '{one}'?" in answer.json()["detail"]
    assert client.get("/ready").json()["version"] == "v1"


def test_search(client):
    rows = client.post("/search", json={"query": "dryer belt", "top_k": 4}).json()["results"]
    assert len(rows) == 4
    assert all(
        set(row) == {"product_id", "title", "score", "image_url", "far", "variants"} for row in rows
    )
    assert any("Dryer" in row["title"] for row in rows)


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


def test_a_trained_model_is_not_trained_again(client):
    for model_type, metric in (("mf", "als.items"), ("ss", "search.n_products")):
        body = client.post("/training", json={"model_type": model_type}).json()
        assert set(body) == {"status", "message", "model_type", "stats", "parameters"}
        assert (body["status"], body["model_type"]) == ("already_trained", model_type)
        assert body["stats"][metric] > 0


@pytest.mark.slow
def test_training_through_http_runs_the_real_pipeline(workspace):
    with serving(create_app(Service(Dataset.find("sample-500")))) as client:
        for model_type, section in (("mf", "matrix_factorization"), ("ss", "similarity_search")):
            started = client.post("/training", json={"model_type": model_type}).json()
            assert started["status"] == "started"
            deadline = time.time() + 180
            while (state := client.get("/status").json()[section]["status"]) == "training":
                assert time.time() < deadline
                time.sleep(0.5)
            assert state == "trained", (
                workspace / f"models/sample-500/training-{model_type}.log"
            ).read_text()
        assert client.post("/search", json={"query": "dryer belt"}).status_code == 200
