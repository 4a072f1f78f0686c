"""One place of a list for items without history: logged with the probability of each."""

import random
from collections import Counter, defaultdict
from types import SimpleNamespace

import pytest

from recsys_lib.loop import Event, FeedbackLog, read_shown
from recsys_lib.loop.assignment import CHAMPION
from recsys_lib.loop.exploration import EXPLORED, ExplorePolicy
from recsys_lib.serving.exploring import items_of, new_items
from recsys_lib.serving.http import answers, requests
from recsys_lib.serving.http.explored_place import ExploredPlace
from recsys_lib.serving.http.made import Made
from recsys_lib.serving.http.questions import Questions

POSITION = 3


@pytest.fixture
def explored_place(evaluated, tmp_path):
    service = SimpleNamespace(require=lambda: evaluated, dataset=evaluated.dataset)
    found = ExploredPlace(service, tmp_path, POSITION, random.Random(1))
    found.refresh()
    return found


@pytest.fixture
def user(evaluated, explored_place):
    """Somebody who has none of the items that are explored."""
    users = evaluated.example_users(200)
    return next(one for one in users if not items_of(evaluated, one) & pool(explored_place))


def pool(explored_place):
    return set(explored_place._policy.items)


def asked(user, n=5, **wishes):
    return requests.UserRequest(user_id=user, n=n, **wishes)


def test_the_item_takes_its_place_and_the_last_one_makes_room(evaluated, explored_place, user):
    body = asked(user)
    usual = answers.user(evaluated, body)
    found, chance = explored_place.insert(body, usual)
    ids = [row.id for row in found.rows]
    item = ids.pop(POSITION - 1)
    assert item in pool(explored_place) <= set(new_items(evaluated))
    assert ids == [row.id for row in usual.rows][:4]
    scores = [row.score for row in found.rows]
    assert scores == sorted(scores, reverse=True)
    assert (chance.position, chance.policy) == (POSITION, explored_place._policy.name)
    row = found.rows[POSITION - 1]
    assert (row.source, row.title) == (EXPLORED, evaluated.item(item)["title"])


def test_logged_propensities_are_empirical_frequencies(evaluated, explored_place, user):
    """Also after some items were taken, and for a list that has one of them already."""
    items = sorted(pool(explored_place))[:5]
    first = items[0]
    policy = ExplorePolicy(POSITION, tuple(items), (5, 0, 1, 1, 1), (30, 90, 20, 20, 20))
    explored_place._policy = policy
    body = asked(user)
    usual = answers.user(evaluated, body)
    drawn, said = Counter(), defaultdict(set)
    for _ in range(4_000):
        answer, chance = explored_place.insert(body, usual)
        item = answer.rows[POSITION - 1].id
        drawn[item] += 1
        said[item].add(chance.propensity)
    for item, propensities in said.items():
        (propensity,) = propensities
        assert drawn[item] / 4_000 == pytest.approx(propensity, abs=0.035)
    assert max(drawn, key=lambda item: drawn[item]) == first
    listed = usual.rows[0].model_copy(update={"item_id": first})
    without = usual.with_rows([listed, *usual.rows[1:]])
    assert explored_place.insert(body, without)[0].rows[POSITION - 1].id != first


@pytest.mark.parametrize(
    "change",
    [
        lambda body, some: body.model_copy(update={"n": POSITION - 1}),
        lambda body, some: body.model_copy(update={"exclude": [some]}),
        lambda body, some: requests.HistoryRequest(item_ids=[some], n=5),
        lambda body, some: requests.SimilarRequest(item_id=some, n=5),
        lambda body, some: body.model_copy(
            update={"filters": requests.StrictFilters(min_price=1.0)}
        ),
    ],
)
def test_lists_that_stay_as_they_are(evaluated, explored_place, user, change):
    body = asked(user)
    usual = answers.user(evaluated, body)
    assert explored_place.insert(body, usual) is not None
    changed = change(body, min(pool(explored_place)))
    rows = usual.with_rows(usual.rows[: changed.end])
    assert explored_place.insert(changed, rows) is None


def test_a_list_with_gaps_before_the_place_and_another_version_stay(
    evaluated, explored_place, user
):
    body = asked(user)
    usual = answers.user(evaluated, body)
    assert explored_place.insert(body, usual.with_rows(usual.rows[:1])) is None
    explored_place._version = "the champion before"
    assert explored_place.insert(body, usual) is None


def test_lists_are_logged_and_their_clicks_counted(evaluated, explored_place, user, tmp_path):
    with FeedbackLog(tmp_path) as log:
        questions = Questions(explored_place.service, log, explored_place=explored_place)
        answer = questions.ask("user", answers.user, asked(user))
        other = requests.SimilarRequest(item_id=min(items_of(evaluated, user)))
        questions.ask("similar", answers.similar, other)
        log.add_events([Event("click", answer.rows[POSITION - 1].id, answer.list_id)])
    shown = read_shown(tmp_path)
    own = shown.filter(list_id=answer.list_id)
    assert own["item_id"].to_list() == [row.id for row in answer.rows]
    assert set(own["policy"]) == {explored_place._policy.name}
    assert [p < 1 for p in own["propensity"]] == [n == POSITION for n in own["position"]]
    others = shown.filter(policy="best")
    assert others.height
    assert set(others["propensity"]) == {1.0}
    before = explored_place._policy
    explored_place.refresh()
    policy = explored_place._policy
    assert policy.name != before.name
    assert (sum(policy.taken), sum(policy.shown)) == (1, 1)
    assert ExplorePolicy.load(tmp_path, before.name) == before


def test_the_item_of_an_interleaved_list_is_of_no_team(evaluated, explored_place, user):
    body = asked(user)
    usual = answers.user(evaluated, body)
    made = Made(usual, "v1+v2", "interleaved", ["a", "b", "c", "d", "e"])
    rows = list(made.explored(explored_place, body).shown(1))
    assert [row.team for row in rows] == ["a", "b", "", "c", "d"]
    alone = Made(usual, "v1", CHAMPION).explored(explored_place, body)
    assert [row.team for row in alone.shown(1)] == [""] * 5
