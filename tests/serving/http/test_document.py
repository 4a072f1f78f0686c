"""docs/http.md says of every route what the service does."""

import json
import re

import pytest

from recsys_lib.paths import Dataset, project_root
from recsys_lib.search import Filters
from recsys_lib.serving.http import Service, create_app, requests, schemas

TEXT = (project_root() / "docs" / "http.md").read_text(encoding="utf-8")
EVERY_LIST = re.search(r"^## Every list\n(.*?)(?=^## )", TEXT, re.DOTALL | re.MULTILINE)[1]
SECTIONS = dict(re.findall(r"^## (\w+ /\S+)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
BODIES = {
    "POST /batch": requests.BatchRequest,
    "POST /events": requests.EventsRequest,
    "POST /matrix_factor/explain": requests.ExplanationRequest,
    "POST /matrix_factor/why_not": requests.ExplanationRequest,
    "POST /matrix_factor/history": requests.HistoryRequest,
    "POST /matrix_factor/similar": requests.SimilarRequest,
    "POST /matrix_factor/user": requests.UserRequest,
    "POST /search": requests.SearchRequest,
    "POST /training": requests.TrainingRequest,
}
ANSWERS = {
    "POST /batch": schemas.Batch,
    "POST /events": schemas.EventsAnswer,
    "POST /matrix_factor/explain": schemas.Explanation,
    "POST /matrix_factor/why_not": schemas.Explanation,
    "GET /health": schemas.Health,
    "GET /ready": schemas.Ready,
    "GET /items/{item_id}": schemas.Item,
    "GET /models": schemas.Models,
    "GET /models/history": schemas.ModelHistory,
    "POST /matrix_factor/history": schemas.Recommendations,
    "GET /status": schemas.Status,
    "POST /matrix_factor/similar": schemas.Similar,
    "POST /matrix_factor/user": schemas.Recommendations,
    "POST /search": schemas.SearchResults,
    "POST /training": schemas.TrainingAnswer,
}


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """What OpenAPI says of each route."""
    service = Service(Dataset.find("shop", tmp_path_factory.mktemp("root")))
    paths = create_app(service).openapi()["paths"]
    return {f"{m.upper()} {path}": said for path, of in paths.items() for m, said in of.items()}


def test_every_route_is_documented_and_every_documented_route_exists(routes):
    assert set(SECTIONS) == set(routes) == set(ANSWERS)


@pytest.mark.parametrize("route", SECTIONS)
def test_the_errors_are_those_of_the_service(routes, route):
    listed = re.search(r"^Errors: (.*)$", SECTIONS[route], re.MULTILINE)[1].split(", ")
    listed = [] if listed == ["none"] else listed
    assert listed == [code for code in routes[route]["responses"] if code != "200"]
    explained = set(re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE))
    assert set(listed) <= explained


def fields_in(text):
    return re.findall(r"^\| `(\w+)` \| (\S+) \|", text, re.MULTILINE)


def test_all_filters_are_named():
    assert all(f"`{name}`" in EVERY_LIST for name in Filters.model_fields)


@pytest.mark.parametrize("route", BODIES)
def test_the_fields_of_a_request_are_named_with_their_defaults(route):
    fields, rows = BODIES[route].model_fields, dict(fields_in(SECTIONS[route]))
    if issubclass(BODIES[route], requests.ListRequest):
        assert "[every list](#every-list)" in SECTIONS[route]
        rows = dict(fields_in(EVERY_LIST)) | rows
    assert rows == {
        name: "required"
        if info.is_required()
        else json.dumps(info.get_default(call_default_factory=True))
        for name, info in fields.items()
    }


@pytest.mark.parametrize("route", SECTIONS)
def test_the_examples_are_valid(route):
    command = re.search(r"^curl (\S+)(.*?)^```", SECTIONS[route], re.DOTALL | re.MULTILINE)
    path = re.sub(r"{\w+}", r"[^/]+", route.split()[1])
    assert re.fullmatch(f"http://127.0.0.1:8000{path}", command[1])
    if route in BODIES:
        sent = re.search(r"-d '(.*)'", command[2])[1]
        BODIES[route].model_validate_json(sent)
    shown = re.search(r"^```json\n(.*?)^```", SECTIONS[route], re.DOTALL | re.MULTILINE)[1]
    ANSWERS[route].model_validate_json(shown)
