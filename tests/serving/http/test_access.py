"""Who may start a training, and how other servers start the service."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.serving import app as app_factory
from recsys_lib.serving.http.access import TOKEN_VARIABLE, is_loopback
from tests.support.http_server import wait_until

TRAIN = {"model_type": "mf", "force_retrain": True}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("shop.example", False),
    ],
)
def test_what_only_this_machine_reaches(host, expected):
    assert is_loopback(host) is expected


def test_with_a_token_only_its_owner_trains(trained, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "sésame")
    for headers in ({}, {"authorization": "Bearer no"}, {"authorization": "Basic c2VzYW1l"}):
        answer = trained.post("/training", json=TRAIN, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "RECSYS_TOKEN" in answer.json()["detail"]
    assert trained.post("/search", json={"query": "x"}).is_success
    monkeypatch.setenv(TOKEN_VARIABLE, "sesame")
    answer = trained.post("/training", json=TRAIN, headers={"authorization": "Bearer sesame"})
    assert answer.json()["status"] == "started"


def test_without_a_token_other_machines_cannot_train(trained, monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    monkeypatch.setattr("recsys_lib.serving.http.access.is_loopback", lambda host: False)
    answer = trained.post("/training", json=TRAIN)
    assert answer.status_code == 403
    assert "set RECSYS_TOKEN" in answer.json()["detail"]
    assert trained.post("/search", json={"query": "x"}).is_success


def test_without_a_token_no_page_of_another_name_trains(trained, monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    answer = trained.post("/training", json=TRAIN, headers={"host": "evil.example:8000"})
    assert answer.status_code == 403
    assert "'evil.example'" in answer.json()["detail"]
    assert trained.post("/search", json={"query": "x"}, headers={"host": "shop"}).is_success
    headers = {"host": "localhost:8000"}
    assert trained.post("/training", json=TRAIN, headers=headers).json()["status"] == "started"


def test_a_factory_serves_the_dataset_of_the_environment(workspace, monkeypatch):
    assert "sample" in app_factory().description
    (workspace / "data" / "raw" / "shop").mkdir(parents=True)
    monkeypatch.setenv("RECSYS_DATASET", "shop")
    assert "shop" in app_factory().description
    monkeypatch.setenv("RECSYS_DATASET", "shoop")
    with pytest.raises(ParameterError, match="did you mean 'shop'"):
        app_factory()


@pytest.mark.slow  # starts the service in a process of its own
def test_the_service_stops_within_seconds_while_a_client_hangs(workspace):
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    code = f"from recsys_lib.serving.http import serve; serve('sample', '127.0.0.1', {port})"
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))

    def connected():
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        except OSError:
            return None

    try:
        wait_until(connected, seconds=60)
        with connected() as silent, connected() as half:
            half.sendall(b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            time.sleep(0.5)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            assert silent is not None
        assert time.monotonic() - began < 9
    finally:
        process.kill()
        process.wait()
