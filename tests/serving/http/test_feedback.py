"""Lists are logged as they are served, events are kept, and people are split between versions."""

from datetime import UTC, datetime

import polars as pl
import pytest

from recsys_lib.loop import read_events, read_shown
from recsys_lib.loop.assignment import CHALLENGER, CHAMPION, INTERLEAVED, NO_ARM
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.questions import Questions
from tests.support.http_server import serving
from tests.support.http_world import Fake


@pytest.fixture
def compared(world, log):
    """A client of a service in which half of the people get version two."""
    world.publish("one")
    questions = Questions(world.service, log, Fake("two"), 0.5)
    with serving(create_app(world.service, questions)) as client:
        yield client


@pytest.fixture
def interleaved(world, log):
    """A client of a service whose lists are of versions one and two."""
    world.publish("one")
    other = Fake("two", als=False)
    questions = Questions(world.service, log, other, 1.0, interleave=True)
    with serving(create_app(world.service, questions)) as client:
        yield client


def everything_shown(log):
    log.close()
    return read_shown(log.folder)


def test_a_list_is_logged_as_it_was_served(logged, log):
    asked = {"user_id": "u", "n": 2, "session_id": "s1"}
    answer = logged.post("/matrix_factor/user", json=asked).json()
    shown = everything_shown(log)
    assert shown["list_id"].unique().to_list() == [answer["list_id"]]
    served = [(row["item_id"], row["score"]) for row in answer["recommendations"]]
    assert shown.select("item_id", "score").rows() == served
    assert shown["position"].to_list() == [1, 2]
    first = shown.row(0, named=True)
    wanted = {"user_id": "u", "session_id": "s1", "version": "one", "arm": CHAMPION}
    wanted |= {"route": "user", "question": "u", "source": "als", "propensity": 1.0}
    assert {name: first[name] for name in wanted} == wanted
    assert 0 <= first["milliseconds"] < 60_000
    assert abs((first["time"] - datetime.now(UTC)).total_seconds()) < 600


def test_every_route_and_every_question_of_a_batch_is_logged(logged, log):
    answers = [
        logged.post("/matrix_factor/similar", json={"item_id": "a"}),
        logged.post("/matrix_factor/history", json={"item_ids": ["a", "b"]}),
        logged.post("/search", json={"query": "belt", "offset": 1, "user_id": "v"}),
        logged.post("/batch", json={"users": [{"user_id": "u"}, {"user_id": "nobody"}]}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    batch = answers.pop().json()["users"]
    assert set(batch[1]) == {"code", "detail"}
    ids = [answer.json()["list_id"] for answer in answers] + [batch[0]["list_id"]]
    lists = everything_shown(log).group_by("list_id", maintain_order=True).first()
    found = dict(zip(lists["list_id"], lists["question"], strict=True))
    assert found == dict(zip(ids, ["a", "a, b", "belt", "u"], strict=True))
    search = lists.row(by_predicate=pl.col("route") == "search", named=True)
    assert (search["position"], search["user_id"]) == (2, "v"), "the first page was not asked for"


def test_without_a_log_answers_are_as_they_were(trained):
    answer = trained.post("/matrix_factor/user", json={"user_id": "u"}).json()
    assert set(answer) == {"recommendations"}
    sent = {"events": [{"type": "click", "item_id": "a", "user_id": "u"}]}
    refused = trained.post("/events", json=sent)
    assert refused.status_code == 503
    assert "--no-feedback" in refused.json()["detail"]


def test_events_are_kept_once_and_are_on_the_disk_when_the_answer_comes(logged, log):
    event = {"type": "purchase", "item_id": "a", "list_id": "l1", "event_id": "e1"}
    event |= {"time": "2026-03-01T10:00:00+02:00"}
    assert logged.post("/events", json={"events": [event]}).json() == {"accepted": 1, "repeated": 0}
    (kept,) = read_events(log.folder).rows(named=True)
    assert kept["time"] == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert (kept["type"], kept["item_id"], kept["list_id"]) == ("purchase", "a", "l1")
    again = {"events": [event, {"type": "view", "item_id": "b", "session_id": "s"}]}
    assert logged.post("/events", json=again).json() == {"accepted": 1, "repeated": 1}


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"type": "buy", "item_id": "a", "user_id": "u"}, "events.0.type"),
        ({"type": "click", "user_id": "u"}, "events.0.item_id"),
        ({"type": "click", "item_id": "a"}, "give a list_id, a user_id or a session_id"),
        ({"type": "click", "item_id": "a", "user_id": "u", "time": "2026-03-01"}, "events.0.time"),
        (
            {"type": "click", "item_id": "a", "user_id": "u", "time": "2999-01-01T00:00:00Z"},
            "events.0.time: time is in the future",
        ),
        (
            {"type": "click", "item_id": "a", "user_id": "u", "time": "1900-01-01T00:00:00Z"},
            "events.0.time: time is before 1990",
        ),
        ({"type": "click", "item_id": "a", "usr_id": "u"}, "'usr_id'"),
    ],
)
def test_an_event_that_says_too_little_is_422_and_none_is_kept(logged, log, event, named):
    good = {"type": "click", "item_id": "a", "user_id": "u"}
    answer = logged.post("/events", json={"events": [good, event][::-1]})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert read_events(log.folder).is_empty()


def test_people_are_split_by_a_stable_hash_and_lists_name_their_version(compared, log):
    for _ in range(2):
        for number in range(60):
            asked = {"item_id": "a", "session_id": f"s{number}"}
            answer = compared.post("/matrix_factor/similar", json=asked).json()
            assert answer["recommendations"][0]["title"] in ("one", "two")
    compared.post("/matrix_factor/similar", json={"item_id": "a"})
    compared.post("/batch", json={"users": [{"user_id": "u"}]})
    shown = everything_shown(log)
    people = shown.filter(pl.col("session_id").is_not_null())
    arms = people.group_by("session_id").agg(pl.col("arm").n_unique(), pl.col("version").first())
    assert arms["arm"].to_list() == [1] * 60
    assert 15 <= (arms["version"] == "two").sum() <= 45
    told = set(people.select("arm", "version").unique().rows())
    assert told == {(CHAMPION, "one"), (CHALLENGER, "two")}
    others = shown.filter(pl.col("session_id").is_null())
    assert set(others.select("arm", "version").unique().rows()) == {(NO_ARM, "one")}


def test_lists_of_people_are_interleaved_and_items_remember_their_team(interleaved, log):
    for number in range(40):
        asked = {"item_id": "a", "session_id": f"s{number}"}
        answer = interleaved.post("/matrix_factor/similar", json=asked).json()
        scores = [row["score"] for row in answer["recommendations"]]
        assert scores == sorted(scores, reverse=True)
    shown = everything_shown(log)
    assert set(shown.select("arm", "version").unique().rows()) == {(INTERLEAVED, "one+two")}
    assert set(shown["team"]) == {CHAMPION, CHALLENGER}
    first = shown.filter(pl.col("position") == 1)["team"].to_list()
    assert 8 <= first.count(CHALLENGER) <= 32
    assert shown.group_by("list_id").agg(pl.col("item_id").n_unique())["item_id"].min() == 3


def test_pages_of_an_interleaved_search_are_those_of_one_list(interleaved, log):
    asked = {"query": "belt", "user_id": "v"}
    whole = interleaved.post("/search", json={**asked, "top_k": 3}).json()["results"]
    pages = [
        interleaved.post("/search", json={**asked, "top_k": 1, "offset": n}).json()["results"]
        for n in range(3)
    ]
    assert [row for page in pages for row in page] == whole
    assert sorted(everything_shown(log)["position"]) == [1, 1, 2, 2, 3, 3]


def test_what_only_the_champion_knows_and_nobodys_lists_are_in_no_experiment(interleaved, log):
    interleaved.post("/matrix_factor/similar", json={"item_id": "a"})
    interleaved.post("/matrix_factor/user", json={"user_id": "u"})  # version two has no ALS
    interleaved.post("/batch", json={"similar": [{"item_id": "a", "user_id": "u"}]})
    found = everything_shown(log).select("arm", "version", "team").unique().rows()
    assert found == [(NO_ARM, "one", "")]


def test_metrics_count_requests_by_route_and_what_was_logged(logged, log):
    logged.post("/matrix_factor/user", json={"user_id": "u"})
    logged.post("/matrix_factor/user", json={"user_id": "nobody"})
    logged.get("/items/a")
    logged.get("/nowhere")
    sent = {"events": [{"type": "click", "item_id": "a", "user_id": "u"}]}
    logged.post("/events", json=sent)
    text = logged.get("/metrics").text
    for line in (
        'recsys_requests_total{route="/matrix_factor/user",status="200"} 1.0',
        'recsys_requests_total{route="/matrix_factor/user",status="404"} 1.0',
        'recsys_requests_total{route="/items/{item_id:path}",status="200"} 1.0',
        'recsys_requests_total{route="none",status="404"} 1.0',
        'recsys_request_seconds_count{route="/events"} 1.0',
        "recsys_feedback_events_total 1.0",
        "recsys_feedback_dropped_total 0.0",
    ):
        assert line in text.splitlines()
