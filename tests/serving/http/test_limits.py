"""Hostile and clumsy requests get a sentence with a documented status, and hold nobody up."""

import socket
import time

import httpx
import pytest

from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.limits import MOST_BYTES, BodyLimits
from recsys_lib.serving.http.patience import PatientProtocol
from tests.support.http_server import serving

JSON = {"content-type": "application/json"}


def chunks(n):
    """A body whose length is not announced."""
    for _ in range(n):
        yield b" " * 65_536


@pytest.mark.parametrize("body", [b"x" * (MOST_BYTES + 1), b"x" * 20_000_000, "chunked"])
def test_a_body_that_is_too_long_is_413(trained, body):
    content = chunks(16) if body == "chunked" else body
    answer = trained.post("/search", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "the body is too long: send at most 262,144 bytes",
    )
    assert trained.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/search", {"query": "x" * 10_001}, "query: "),
        ("/matrix_factor/similar", {"item_id": "x" * 1001}, "item_id: "),
        ("/matrix_factor/user", {"user_id": "x" * 1001}, "user_id: "),
        ("/matrix_factor/history", {"item_ids": ["a"] * 1001}, "item_ids: "),
        ("/matrix_factor/history", {"item_ids": "a"}, "item_ids: "),
        ("/matrix_factor/history", {"item_ids": ["a", 5]}, "item_ids.1: "),
        ("/search", {"query": "x", "filters": {"max_price": "20"}}, "filters.max_price: "),
        ("/search", {"query": "x", "filters": {"with_reviews": "yes"}}, "filters.with_reviews: "),
        ("/search", {"query": "x", "filters": {"category": 5}}, "filters.category: "),
        ("/matrix_factor/similar", {"item_id": "a", "by": "words"}, "by: "),
        ("/training", {"model_type": "mf", "wait": "yes"}, "wait: "),
    ],
)
def test_a_field_out_of_bounds_is_422(trained, path, body, named):
    answer = trained.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(named)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe",
        b'{"query": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"query": "x", "top_k": 1' + b"0" * 10_000 + b"}",
        b'{"query": "x", "top_k": NaN}',
        b'{"query": "x", "filters": {"min_price": NaN}}',
        b'{"query": "x", "filters": {"max_price": Infinity}}',
        b'{"' + b"x" * 100_000 + b'": 1}',
    ],
)
def test_what_is_no_valid_body_is_422(trained, body):
    answer = trained.post("/search", content=body, headers=JSON)
    assert answer.status_code == 422
    assert 0 < len(answer.json()["detail"]) < 3000


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"content-type": "text/plain"}, "Content-Type is 'text/plain': send application/json"),
        ({}, "Content-Type is missing: send application/json"),
    ],
)
def test_another_content_type_is_named(trained, headers, says):
    answer = trained.post("/search", content=b'{"query": "x"}', headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (422, says)


def test_other_paths_and_methods_get_a_sentence(trained):
    answer = trained.get("/nowhere")
    assert (answer.status_code, answer.json()["detail"][:21]) == (404, "there is no /nowhere:")
    answer = trained.get("/search")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "does not take GET" in answer.json()["detail"]
    assert trained.get("/items").status_code == 404
    assert trained.post("/search/", json={"query": "x"}).status_code == 404
    answer = trained.get("/items/")
    assert (answer.status_code, answer.json()["detail"][:8]) == (422, "item_id:")


def test_a_body_that_never_arrives_is_408_and_others_are_served(world):
    world.publish("one")
    app = create_app(world.service)
    app.user_middleware.clear()
    with serving(BodyLimits(app, most_seconds=0.3)) as client:
        port = client.base_url.port
        with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
            slow.sendall(
                b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            began = time.monotonic()
            assert client.post("/search", json={"query": "x"}).is_success
            answer = slow.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"within 0.3 seconds" in answer
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b"HTTP/1.1 408 "),
        (b"POST /search HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.1 408 "),
        (b"GET /health HTTP/1.1\r\nX: " + b"x" * 70_000, b"HTTP/1.1 431 "),
    ],
    ids=["silence", "half a head", "long head"],
)
def test_a_head_that_never_ends_closes_the_connection(world, sent, answer):
    class Impatient(PatientProtocol):
        most_seconds = 0.3

    with serving(create_app(world.service), http=Impatient) as client:
        address = client.base_url.host, client.base_url.port
        with socket.create_connection(address, timeout=10) as hanging:
            # After a whole request, another one that does not end.
            hanging.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b'"ok"' in hanging.recv(1000)
            with socket.create_connection(address, timeout=10) as other:
                for connection in (hanging, other):
                    connection.sendall(sent)
                    if sent or connection is other:  # uvicorn ends what is idle after a request
                        assert connection.recv(1000).startswith(answer)
                        assert connection.recv(1000) == b""
        assert client.get("/health").status_code == 200


def test_thousands_of_unknown_fields_are_refused_at_once(trained):
    body = {"query": "x"} | {f"top_{i}": 1 for i in range(15_000)}
    began = time.monotonic()
    answer = trained.post("/search", json=body)
    assert time.monotonic() - began < 1
    assert answer.status_code == 422
    assert "unknown field 'top_0': did you mean 'top_k'?" in answer.json()["detail"]
    assert answer.json()["detail"].endswith("and 14,995 more")


def test_no_site_of_others_may_ask(trained):
    answer = trained.options(
        "/search",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_documentation_needs_no_network(trained):
    root = trained.get("/")
    assert (root.status_code, httpx.URL(root.headers["location"]).path) == (307, "docs")
    page = trained.get("/docs").text
    assert "://" not in page.replace("http://127.0.0.1", "").replace("window.location", "")
    for file in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/static-offline-docs/{file}" in page
        assert trained.get(f"/static-offline-docs/{file}").is_success


def test_health_and_readiness(world, client):
    assert client.get("/health").json() == {"status": "ok"}
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert "run_pipeline.py" in answer.json()["detail"]
    world.publish("one")
    assert client.get("/ready").json() == {"status": "ready", "version": "one"}


def test_items_by_id(trained):
    assert trained.get("/items/a").json() == {"item_id": "a", "title": "one", "image_url": None}
    assert trained.get("/items/a%2Fb").json()["item_id"] == "a/b"
    assert trained.get("/items/zz").status_code == 404
    assert trained.get("/items/" + "x" * 1001).status_code == 422


def test_a_history_gets_reasons_and_a_missing_blend_is_409(trained):
    answer = trained.post("/matrix_factor/history", json={"item_ids": ["c", "b"], "n": 1}).json()
    assert answer["recommendations"][0]["reason"] == "because of b"
    answer = trained.post("/matrix_factor/similar", json={"item_id": "a", "by": "blend"})
    assert answer.status_code == 409
