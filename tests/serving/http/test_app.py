"""The REST contract over real HTTP, with a recommender whose answers are known."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from recsys_lib.paths import Dataset
from recsys_lib.registry import champion
from recsys_lib.serving.http import service as service_module
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.training import pipeline_command
from tests.support.http_server import serving, wait_until
from tests.support.http_world import FOREVER


def model_status(client, section):
    return client.get("/status").json()[section]["status"]


def test_status_when_nothing_is_trained(client):
    response = client.get("/status")
    assert response.status_code == 200
    assert response.json() == {
        "database": {"n_ratings": 0, "n_users": 0, "n_products": 0, "avg_rating": None},
        "matrix_factorization": {
            "status": "not_trained",
            "n_users": 0,
            "n_items": 0,
            "n_factors": None,
        },
        "similarity_search": {
            "status": "not_trained",
            "n_products": 0,
            "embedding_dimension": None,
        },
    }


def test_status_of_trained_models(trained):
    status = trained.get("/status").json()
    trained_status = {"status": "trained", "n_users": 2, "n_items": 3, "n_factors": 8}
    assert status["matrix_factorization"] == trained_status
    search = {"status": "trained", "n_products": 3, "embedding_dimension": 4}
    assert status["similarity_search"] == search


def test_status_of_static_vectors(world, trained):
    world.fakes[champion(world.dataset).name].product_search.ready = "static"
    assert trained.get("/status").json()["similarity_search"]["ready"] == "static"


NONE = {"variants": []}


def test_similar_items(trained):
    response = trained.post("/matrix_factor/similar", json={"item_id": "a", "n": 2})
    assert response.status_code == 200
    assert response.json() == {
        "recommendations": [
            {"item_id": "a", "score": 0.9, "title": "one", "image_url": "https://x/a.png"} | NONE,
            {"item_id": "b", "score": 0.5, "title": None, "image_url": None} | NONE,
        ]
    }


@pytest.mark.parametrize(("hide", "expected"), [(True, ["b", "c"]), (False, ["a", "b", "c"])])
def test_recommendations_for_a_user(trained, hide, expected):
    body = {"user_id": "u", "n": 10, "filter_already_liked": hide}
    answer = trained.post("/matrix_factor/user", json=body).json()
    assert [row["item_id"] for row in answer["recommendations"]] == expected
    assert {tuple(sorted(row)) for row in answer["recommendations"]} == {
        ("image_url", "item_id", "reason", "score", "title", "variants")
    }


def test_owned_items_are_hidden_unless_asked_for(trained):
    answer = trained.post("/matrix_factor/user", json={"user_id": "u"}).json()
    assert [row["item_id"] for row in answer["recommendations"]] == ["b", "c"]


def test_search(trained):
    answer = trained.post("/search", json={"query": "filter", "top_k": 1})
    found = {"product_id": "a", "title": "one", "score": 0.9, "image_url": "https://x/a.png"}
    assert answer.json() == {"results": [found | {"far": False} | NONE]}


def test_search_leaves_out_earlier_pages(trained):
    whole = trained.post("/search", json={"query": "filter", "top_k": 3}).json()["results"]
    page = trained.post("/search", json={"query": "filter", "top_k": 2, "offset": 1}).json()
    assert page == {"results": whole[1:]}


def test_search_takes_a_mode_and_filters(trained):
    body = {"query": "filter", "mode": "lexical", "filters": {"max_price": 10}}
    assert len(trained.post("/search", json=body).json()["results"]) == 1
    body["filters"] = {"category": "Cups"}
    answer = trained.post("/search", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "no product has the category 'Cups'",
    )


@pytest.mark.parametrize(
    ("extra", "where"),
    [
        ({"mode": "semantics"}, "mode: "),
        ({"offset": -1}, "offset: "),
        ({"filters": {"max_prize": 3}}, "filters: unknown field 'max_prize': did you mean 'max_p"),
        ({"filters": {"min_price": -1}}, "filters.min_price: "),
    ],
)
def test_a_mode_or_filter_that_is_none_is_422(trained, extra, where):
    answer = trained.post("/search", json={"query": "filter"} | extra)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(where)


QUERIES = {
    "/matrix_factor/similar": {"item_id": "a"},
    "/matrix_factor/user": {"user_id": "u"},
    "/matrix_factor/history": {"item_ids": ["a"]},
    "/matrix_factor/explain": {"user_id": "u", "item_id": "a"},
    "/matrix_factor/why_not": {"user_id": "u", "item_id": "a"},
    "/search": {"query": "filter"},
    "/batch": {"searches": [{"query": "filter"}]},
}


@pytest.mark.parametrize(
    ("path", "body"),
    [("/matrix_factor/similar", {"item_id": "?"}), ("/matrix_factor/user", {"user_id": "?"})],
)
def test_unknown_id_is_404(trained, path, body):
    response = trained.post(path, json=body)
    assert response.status_code == 404
    assert "'?'" in response.json()["detail"]


@pytest.mark.parametrize("path", QUERIES)
def test_nothing_trained_is_409_and_says_what_to_run(client, path):
    response = client.post(path, json=QUERIES[path])
    assert response.status_code == 409
    assert "run_pipeline.py --set dataset=shop" in response.json()["detail"]


@pytest.mark.parametrize(
    ("missing", "path"), [("als", "/matrix_factor/user"), ("product_search", "/search")]
)
def test_one_model_missing_is_409(world, client, missing, path):
    world.publish("half", **{missing: False})
    assert client.post(path, json=QUERIES[path]).status_code == 409
    assert client.post("/matrix_factor/similar", json={"item_id": "a"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/matrix_factor/similar", {}, "item_id"),
        ("/matrix_factor/similar", {"item_id": 7}, "item_id"),
        ("/matrix_factor/similar", {"item_id": "a", "n": 0}, "n:"),
        ("/matrix_factor/similar", {"item_id": "a", "n": 1001}, "n:"),
        ("/matrix_factor/similar", {"item_id": "a", "n": "5"}, "n:"),
        ("/matrix_factor/similar", {"item_id": "a", "n": True}, "n:"),
        (
            "/matrix_factor/similar",
            {"item_id": "a", "top": 5},
            "'top': choose from item_id, user_id",
        ),
        ("/matrix_factor/user", {"userid": "u"}, "body: unknown field 'userid': did you mean 'us"),
        ("/matrix_factor/user", ["u"], "body"),
        ("/matrix_factor/user", {"user_id": "u", "n": 2.5}, "n:"),
        ("/matrix_factor/user", {"user_id": "u", "filter_already_liked": "no"}, "filter_already"),
        ("/search", {"query": "  "}, "query"),
        ("/search", {"query": "x", "top_k": 0}, "top_k"),
        ("/search", {"query": "x", "n": 5}, "'n'"),
        ("/training", {"model_type": "als"}, "model_type"),
        ("/training", {"model_type": "mf", "force": True}, "force"),
    ],
)
def test_invalid_body_is_422_naming_the_field(trained, path, body, named):
    response = trained.post(path, json=body)
    assert response.status_code == 422
    assert named in response.json()["detail"]


def test_what_is_not_json_is_422(trained):
    response = trained.post(
        "/search", content=b"{query", headers={"content-type": "application/json"}
    )
    assert response.status_code == 422
    assert "JSON" in response.json()["detail"]


@pytest.mark.parametrize("n", [1, 1000])
def test_bounds_of_n_are_allowed(trained, n):
    assert trained.post("/matrix_factor/similar", json={"item_id": "a", "n": n}).is_success


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_never_gets_out(world, client, score):
    world.publish("broken", score=score)
    response = client.post("/matrix_factor/similar", json={"item_id": "a"})
    assert response.status_code == 503
    assert "train it again" in response.json()["detail"]


def test_unexpected_error_is_500_with_a_sentence(world, client):
    world.publish("odd")
    del world.fakes["odd"].score
    response = client.post("/search", json={"query": "x"})
    assert response.status_code == 500
    assert response.json()["detail"].startswith("AttributeError")


def test_a_new_champion_is_served_at_once_and_the_old_request_ends_with_the_old(world, trained):
    entered, go = threading.Event(), threading.Event()
    old = world.fakes["one"]
    answer = old.answer

    def slow_answer(*args):
        entered.set()
        assert go.wait(10)
        return answer(*args)

    old.answer = slow_answer
    with ThreadPoolExecutor(1) as pool:
        in_flight = pool.submit(trained.post, "/search", json={"query": "x"})
        assert entered.wait(10)
        world.publish("two")
        new = trained.post("/search", json={"query": "x"}).json()
        go.set()
        assert in_flight.result().json()["results"][0]["title"] == "one"
    assert new["results"][0]["title"] == "two"


def test_the_champion_is_opened_once_for_many_requests(world, trained, monkeypatch):
    opened = []
    load = SimpleNamespace(
        load=lambda dataset: opened.append(dataset) or world.fakes[champion(dataset).name]
    )
    monkeypatch.setattr(service_module, "Recommender", load)
    with ThreadPoolExecutor(20) as pool:
        ask = lambda _: trained.post("/matrix_factor/similar", json={"item_id": "a", "n": 3})  # noqa: E731
        answers = list(pool.map(ask, range(20)))
    assert [a.status_code for a in answers] == [200] * 20
    assert len({a.text for a in answers}) == 1
    assert len(opened) == 1


def test_documentation_has_every_endpoint_with_examples(client):
    paths = client.get("/openapi.json").json()["paths"]
    others = {"/health", "/ready", "/status", "/training", "/events", "/items/{item_id}"}
    models = {"/models", "/models/history"}
    assert set(paths) == {*others, *models, *QUERIES}
    described = client.get("/openapi.json").json()["components"]["schemas"]
    assert described["SearchRequest"]["properties"]["query"]["examples"]
    assert described["SimilarRequest"]["properties"]["item_id"]["examples"]
    assert "HTTPValidationError" not in described
    assert set(paths["/matrix_factor/user"]["post"]["responses"]) >= {"200", "404", "409", "422"}


# Training


@pytest.mark.parametrize(
    ("model", "section"), [("mf", "matrix_factorization"), ("ss", "similarity_search")]
)
def test_training_is_started_followed_and_ready(world, client, model, section):
    gate = world.dataset.root / "gate"
    world.child = (
        f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)"
    )
    started = client.post("/training", json={"model_type": model}).json()
    assert {**started, "message": ""} == {
        "status": "started",
        "message": "",
        "model_type": model,
        "stats": {},
        "parameters": {},
    }
    assert "GET /status" in started["message"]
    assert model_status(client, section) == "training"
    second = client.post("/training", json={"model_type": model}).json()
    assert (second["status"], second["model_type"]) == ("running", model)
    world.publish("trained")
    gate.touch()
    wait_until(lambda: model_status(client, section) == "trained")


@pytest.mark.parametrize(
    ("model", "stats"),
    [
        (
            "mf",
            {
                **{"n_users": 2, "n_items": 3, "n_factors": 8},
                **{"als.recall@10": 0.25, "popular.recall@10": 0.1},
            },
        ),
        ("ss", {"n_products": 3, "embedding_dimension": 4, "search.n_products": 3}),
    ],
)
def test_a_trained_model_is_not_trained_again_unless_forced(trained, model, stats):
    answer = trained.post("/training", json={"model_type": model}).json()
    assert (answer["status"], answer["stats"]) == ("already_trained", stats)
    forced = trained.post("/training", json={"model_type": model, "force_retrain": True}).json()
    assert forced["status"] == "started"


def test_a_failed_training_is_shown_and_the_next_one_tells_why(world, client):
    world.child = "import sys; print('no rows'); sys.exit(3)"
    client.post("/training", json={"model_type": "mf"})
    wait_until(lambda: model_status(client, "matrix_factorization") == "failed")
    assert model_status(client, "similarity_search") == "not_trained"
    log = world.dataset.models / "training-mf.log"
    assert log.read_text() == "no rows\n"
    world.child = FOREVER
    again = client.post("/training", json={"model_type": "mf"}).json()
    assert again["status"] == "started"
    assert "exit code 3" in again["message"]
    assert str(log) in again["message"]


def test_shutdown_ends_the_child(world):
    pid_file = world.dataset.root / "pid"
    tell = f"import os, pathlib; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))"
    world.child = f"{tell}; {FOREVER}"
    with serving(create_app(world.service)) as client:
        client.post("/training", json={"model_type": "ss"})
        wait_until(lambda: pid_file.exists() and pid_file.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert world.jobs.start("mf") is None, "nothing starts after the end"


def test_the_child_works_in_the_workspace_of_the_dataset(world):
    world.child = "import os; print(os.environ['RECSYS_HOME'])"
    job = world.jobs.start("mf")
    assert job.process.wait(10) == 0
    assert job.log.read_text().strip() == str(world.dataset.root)


@pytest.mark.parametrize(("model", "steps"), [("mf", "als,evaluate"), ("ss", "als,embed,evaluate")])
def test_the_command_has_the_etl_only_where_there_is_no_database(tmp_path, model, steps):
    dataset = Dataset.find("shop", tmp_path)
    assert pipeline_command(dataset, model)[-1] == f"etl,{steps}"
    dataset.processed.mkdir(parents=True)
    dataset.database.touch()
    command = pipeline_command(dataset, model)
    assert command[0] == sys.executable
    assert command[1:] == [
        *("-m", "recsys_lib.cli", "run", "--quiet"),
        *("--set", "dataset=shop", "--steps", steps),
    ]


def test_the_command_names_a_dataset_elsewhere_by_its_path(tmp_path):
    dataset = Dataset.find(tmp_path / "elsewhere", tmp_path)
    assert f"dataset={tmp_path / 'elsewhere'}" in pipeline_command(dataset, "mf")


def test_the_pipeline_understands_the_command(workspace):
    command = pipeline_command(Dataset.find("sample"), "mf")
    planned = subprocess.run([*command, "--plan"], capture_output=True, text=True, check=False)
    assert planned.returncode == 0, planned.stderr
