"""Wishes, explanations and batches over HTTP are those of the facade."""

from types import SimpleNamespace

import pytest

from recsys_lib.serving.http.app import create_app
from tests.support.http_server import serving


@pytest.fixture(scope="module")
def asked(boutiques):
    """A client, and the recommender behind it."""
    recommender = boutiques["blend"]
    jobs = SimpleNamespace(stop=lambda: None)
    service = SimpleNamespace(dataset=recommender.dataset, jobs=jobs, require=lambda: recommender)
    with serving(create_app(service)) as client:
        yield client, recommender


WISHES = {"filters": {"max_price": 20}, "exclude": ["i4"], "diversity": 0.4}
QUESTIONS = {
    "users": ("/matrix_factor/user", {"user_id": "u0", "n": 6}, "recommend"),
    "histories": (
        "/matrix_factor/history",
        {"item_ids": ["i1", "i2"], "n": 6},
        "recommend_for_history",
    ),
    "similar": ("/matrix_factor/similar", {"item_id": "i2", "n": 6, "by": "text"}, "similar_items"),
    "searches": ("/search", {"query": "coffee mug", "top_k": 6}, "search"),
}


@pytest.mark.parametrize("kind", QUESTIONS)
@pytest.mark.parametrize("wishes", [{}, WISHES, {"group_variants": True}])
def test_wishes_mean_the_same_over_http(asked, kind, wishes):
    client, recommender = asked
    path, body, method = QUESTIONS[kind]
    rows = next(iter(client.post(path, json=body | wishes).json().values()))
    expected = getattr(recommender, method)(**body, **wishes)
    assert [row.get("item_id", row.get("product_id")) for row in rows] == expected[
        "item_id"
    ].tolist()
    variants = expected["variants"].tolist() if "variants" in expected else [[]] * len(rows)
    assert [row["variants"] for row in rows] == variants


@pytest.mark.parametrize(
    ("wishes", "named"),
    [
        ({"filters": {"in_stock": "yes"}}, "filters.in_stock"),
        ({"filters": {"min_ratin": 3}}, "filters: unknown field 'min_ratin'"),
        ({"filters": {"category": "Ships"}}, "no product has the category 'Ships'"),
        ({"exclude": "i1"}, "exclude: "),
        ({"exclude": [1]}, "exclude.0: "),
        ({"exclude": ["x"] * 1001}, "exclude: "),
        ({"diversity": 2}, "diversity: "),
        ({"diversity": "0.5"}, "diversity: "),
        ({"group_variants": "no"}, "group_variants: "),
    ],
)
def test_a_wish_that_cannot_be_is_422(asked, wishes, named):
    for path, body, _ in QUESTIONS.values():
        answer = asked[0].post(path, json=body | wishes)
        assert answer.status_code == 422
        assert named in answer.json()["detail"]


@pytest.mark.parametrize("method", ["explain", "why_not"])
def test_explanations(asked, method):
    client, recommender = asked
    for item in ("i1", "i0", "i2", "c1"):
        body = {"user_id": "u0", "item_id": item, "n": 3, "filters": {"min_price": 1}}
        answer = client.post(f"/matrix_factor/{method}", json=body)
        assert answer.json() == getattr(recommender, method)(**body).to_dict()
    assert client.post(f"/matrix_factor/{method}", json=body | {"user_id": "?"}).status_code == 404
    assert client.post(f"/matrix_factor/{method}", json=body | {"item_id": "?"}).status_code == 404


def test_a_batch_is_its_single_answers(asked):
    client, _ = asked
    batch = {kind: [body, body | WISHES] for kind, (_, body, _) in QUESTIONS.items()}
    answer = client.post("/batch", json=batch).json()
    for kind, (path, body, _) in QUESTIONS.items():
        alone = [client.post(path, json=body | wishes).json() for wishes in ({}, WISHES)]
        assert answer[kind] == alone


def test_a_bad_question_leaves_the_others_alone(asked):
    client, _ = asked
    users = [{"user_id": "u0", "n": 1}, {"user_id": "nobody"}, {"user_id": "u1", "n": 1}]
    answer = client.post("/batch", json={"users": users})
    assert answer.status_code == 200
    good, bad, last = answer.json()["users"]
    assert len(good["recommendations"]) == len(last["recommendations"]) == 1
    assert bad["code"] == 404
    assert bad["detail"] == client.post("/matrix_factor/user", json=users[1]).json()["detail"]


def test_a_batch_has_a_limit(asked):
    client, _ = asked
    users = [{"user_id": "u0", "n": 1}]
    assert client.post("/batch", json={"users": users * 100}).status_code == 200
    for body in ({"users": users * 101}, {"users": users * 60, "searches": [{"query": "x"}] * 41}):
        answer = client.post("/batch", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (
            422,
            "body: 101 questions: ask 1 to 100",
        )
    many = {
        "users": [{"user_id": "u0", "n": 1000}] * 9,
        "searches": [{"query": "x", "top_k": 1000}],
    }
    assert client.post("/batch", json=many).status_code == 200
    many["similar"] = [{"item_id": "i0", "n": 1}]
    answer = client.post("/batch", json=many)
    assert (answer.status_code, answer.json()["detail"][:24]) == (422, "body: 10,001 rows in all")
    assert client.post("/batch", json={}).status_code == 422
    assert "users.0.n" in client.post("/batch", json={"users": [{"user_id": "u", "n": 0}]}).text
