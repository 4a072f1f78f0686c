"""A service whose models are fakes, behind a real socket."""

from __future__ import annotations

import pytest

from recsys_lib.serving.http.app import create_app
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
