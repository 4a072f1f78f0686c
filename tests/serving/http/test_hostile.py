"""What happens to hostile requests, as the table in docs/http.md says; memory stays flat."""

from __future__ import annotations

import gc
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from recsys_lib.paths import Dataset, project_root
from recsys_lib.registry import publish
from recsys_lib.serving.http import Service, create_app
from tests.support.http_server import serving

JSON = {"Content-Type": "application/json"}
QUERY = {"query": "coffee mug", "top_k": 3, "mode": "lexical"}
USER = {"user_id": "u1", "n": 5}
_MEGABYTE = 1 << 20


@pytest.fixture
def shop(boutiques, tmp_path):
    """A dataset of its own with two versions, which may be broken and removed."""
    dataset = Dataset("boutique", tmp_path, tmp_path)
    shutil.copytree(boutiques["als"].dataset.models, dataset.models)
    publish(dataset, "blend")
    return dataset


@pytest.fixture
def client(shop):
    with serving(create_app(Service(shop))) as client:
        yield client


def found(client):
    return client.post("/search", json=QUERY).raise_for_status().json()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"query": "' + b"x" * (9 * _MEGABYTE) + b'"}', 413),
        (b"x" * (20 * _MEGABYTE), 413),
        (b"[" * 100_000, 422),
        (b'{"filters": ' * 20_000, 422),
        (b'{"query": "' + b"x" * 10_001 + b'"}', 422),
    ],
    ids=["query of 9 MB", "body of 20 MB", "nesting", "nested objects", "long query"],
)
def test_what_is_too_much_is_refused_at_once(client, content, code):
    started = time.monotonic()
    assert client.post("/search", content=content, headers=JSON).status_code == code
    assert time.monotonic() - started < 5
    assert len(found(client)["results"]) == 3


def test_64_clients_at_once_get_the_same_answer(client):
    expected = found(client)
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: found(client), range(64)))
    assert all(answer == expected for answer in answers)


def test_a_folder_that_is_removed_is_still_answered_from(client, shop):
    expected = found(client)
    shutil.rmtree(shop.version("blend"))
    assert found(client) == expected
    (shop.models / "champion.json").touch()
    assert found(client) == expected
    assert "version blend is still served" in client.get("/status").json()["problem"]
    publish(shop, "als")
    assert client.get("/ready").json() == {"status": "ready", "version": "als"}
    assert "problem" not in client.get("/status").json()


@pytest.mark.slow
def test_memory_stays_flat_over_many_requests_and_champions(client, shop):
    """1,000 requests and 50 changes of the champion, after half of both to warm up.

    Versions that are made ready in the background overlap now and then, so the peak counts.
    """

    def ask(times, switches):
        for number in range(times):
            if number % (times // switches) == 0:
                publish(shop, ("als", "blend")[number // (times // switches) % 2])
            path, body = (("/search", QUERY), ("/matrix_factor/user", USER))[number % 2]
            client.post(path, json=body).raise_for_status()
        gc.collect()
        return psutil.Process().memory_info().rss

    before = max(ask(100, 5) for _ in range(5))
    after = ask(1000, 50)
    assert after - before < 20 * _MEGABYTE


def test_the_table_names_every_case_and_its_test():
    text = (project_root() / "docs" / "http.md").read_text(encoding="utf-8")
    section = text.partition("\n## Hostile requests\n")[2].partition("\n## ")[0]
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", section)
    assert len(named) >= 9
    for path, name in named:
        assert f"def {name}(" in (project_root() / path).read_text(encoding="utf-8")
