"""A service whose models are fakes, behind a real socket."""

from __future__ import annotations

import pytest

from recsys_lib.loop import FeedbackLog
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.questions import Questions
from tests.support.http_server import serving
from tests.support.http_world import World


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = World(tmp_path, monkeypatch)
    yield world
    world.jobs.stop()


@pytest.fixture
def client(world):
    with serving(create_app(world.service)) as client:
        yield client


@pytest.fixture
def trained(world, client):
    world.publish("one")
    return client


@pytest.fixture
def log(tmp_path):
    with FeedbackLog(tmp_path / "feedback") as log:
        yield log


@pytest.fixture
def logged(world, log):
    """A client of a service that logs."""
    world.publish("one")
    with serving(create_app(world.service, Questions(world.service, log))) as client:
        yield client
