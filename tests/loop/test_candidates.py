"""Random choices in the log, as versions would have made them."""

import random
from contextlib import closing

import numpy as np
import pytest

from recsys_lib.errors import ArtifactError, QueryError
from recsys_lib.loop import Event, ServedList, Shown
from recsys_lib.loop.candidates import judge
from recsys_lib.loop.exploration import EXPLORED, ExplorePolicy
from recsys_lib.loop.off_policy import estimate
from recsys_lib.loop.store import connect, insert

POLICY = ExplorePolicy(2, ("a", "b", "c"), (1, 0, 0), (30, 20, 10))
TIME = "2026-03-01T12:00:00.000000Z"


def order(user, items):
    """Even users get items from a on, odd ones from c on; user 7 is not known."""
    if user == "7":
        return None
    return sorted(items, reverse=int(user) % 2 == 1)


def log(folder, n, policy=POLICY):
    """Lists for users 0 to 19; people click on what ``order`` has first. Some have a already."""
    generator, lists, clicks = random.Random(1), [], []
    policy.save(folder)
    for number in range(n):
        user, first = str(number % 20), "a" if number % 5 == 0 else "x"
        item, propensity = policy.draw({first}, generator)
        items = (Shown(first, 1, 1.0), Shown(item, 2, 0.9, EXPLORED, propensity))
        facts = {"policy": policy.name, "list_id": f"l{number}", "time": TIME}
        lists.append(ServedList("v1", items, user_id=user, **facts))
        if item == next(i for i in sorted("abc", reverse=int(user) % 2) if i != first):
            clicks.append(Event("click", item, f"l{number}", time=TIME))
    stranger = ServedList("v1", lists[0].items, session_id="s", policy=policy.name, time=TIME)
    with closing(connect(folder)) as connection:
        insert(connection, [*lists, stranger], [clicks])


def test_choices_are_among_what_could_be_drawn_for_each_list(tmp_path):
    log(tmp_path, 2_000)
    judged = judge(tmp_path, {"v2": order, "same": lambda user, items: sorted(items)})
    assert (judged.lists, judged.left_out) == (2_001, 101)  # a stranger, and user 7
    found = estimate(judged.places["v2"])
    for value in found.values():
        assert value.low <= 1.0 <= value.high or value.value == pytest.approx(1.0, abs=0.05)
    assert found["snips"].value == pytest.approx(1.0)  # all its choices are clicked
    assert 0.2 < judged.rate < 0.6
    other = estimate(judged.places["same"])["dr"]
    assert other.low <= 0.5 + 0.03 and other.high >= 0.47
    assert np.array_equal(judged.places["v2"].outcome, judged.places["same"].outcome)
    assert set(judged.places["v2"].target) == {0.0, 1.0}


def test_what_nothing_can_be_said_about(tmp_path):
    with pytest.raises(QueryError, match="recsys serve --explore POSITION"):
        judge(tmp_path, {"v2": order})
    log(tmp_path, 40)
    with pytest.raises(QueryError, match="know none of the users"):
        judge(tmp_path, {"v2": lambda user, items: []})
    with pytest.raises(QueryError, match="choose from clicked"):
        judge(tmp_path, {"v2": order}, "click")
    (path,) = (tmp_path / "policies").iterdir()
    path.unlink()
    with pytest.raises(ArtifactError, match="lists in the log need it"):
        judge(tmp_path, {"v2": order})
