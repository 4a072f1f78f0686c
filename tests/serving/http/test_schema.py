"""The service keeps what /openapi.json promises, for valid and invalid requests of every route."""

from __future__ import annotations

import sys

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from recsys_lib.loop import FeedbackLog
from recsys_lib.registry import publish
from recsys_lib.serving.http import Service, create_app
from recsys_lib.serving.http.access import TOKEN_VARIABLE
from recsys_lib.serving.http.questions import Questions
from recsys_lib.serving.http.training import TrainingJobs

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


KNOWN = {"user_id": "u0", "item_id": "i1", "item_ids": ["i1", "c1"], "filters": None}


@pytest.fixture(scope="module")
def served(boutiques, tmp_path_factory):
    """The schema of a service whose models are real, and whose trainings end at once."""
    dataset = boutiques["blend"].dataset
    publish(dataset, "blend")
    jobs = TrainingJobs(dataset, lambda *_, **__: [sys.executable, "-c", "pass"])
    service = Service(dataset, jobs)
    with FeedbackLog(tmp_path_factory.mktemp("feedback")) as log:
        app = create_app(service, Questions(service, log))
        yield schemathesis.openapi.from_asgi("/openapi.json", app)
    jobs.stop()


ROUTES = [
    *("GET /health", "GET /ready", "GET /status", "GET /items/{item_id}"),
    *("GET /models", "GET /models/history"),
    *("POST /matrix_factor/similar", "POST /matrix_factor/user", "POST /matrix_factor/history"),
    *("POST /matrix_factor/explain", "POST /matrix_factor/why_not"),
    *("POST /search", "POST /batch", "POST /events", "POST /training"),
]


def test_all_routes_are_tried(served):
    found = [operation.ok().label for operation in served.get_all_operations()]
    assert sorted(found) == sorted(ROUTES)


TRIED = [(route, GenerationMode.POSITIVE) for route in ROUTES]
TRIED += [(route, GenerationMode.NEGATIVE) for route in ROUTES if route.startswith("POST")]


@pytest.mark.slow
@pytest.mark.parametrize(("route", "mode"), TRIED)
def test_every_answer_is_documented(served, monkeypatch, route, mode):
    monkeypatch.setenv(TOKEN_VARIABLE, "secret")
    method, path = route.split()
    codes = set()

    @given(served[path][method].as_strategy(generation_mode=mode), st.booleans())
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def try_out(case, known):
        if known and mode is GenerationMode.POSITIVE:
            name_known_ids(case)
        answer = case.call_and_validate(headers={"Authorization": "Bearer secret"}, checks=_CHECKS)
        codes.add(answer.status_code)

    try_out()
    assert mode is GenerationMode.NEGATIVE or 200 in codes


def name_known_ids(case):
    """Put ids that the service knows in the place of made-up ones, and drop conditions."""
    if case.path_parameters:
        case.path_parameters = {"item_id": "i1"}
    if not isinstance(case.body, dict):
        return
    for name, value in KNOWN.items():
        if name in case.body:
            case.body[name] = value
