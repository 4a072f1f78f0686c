"""``recsys arms`` on a log whose answer is known."""

import json
from contextlib import closing

import pytest

from recsys_lib.cli import main
from recsys_lib.loop import Event, ServedList, Shown
from recsys_lib.loop.assignment import CHALLENGER, CHAMPION, INTERLEAVED, arm_of
from recsys_lib.loop.experiment import start_experiment
from recsys_lib.loop.store import connect, insert
from recsys_lib.paths import Dataset


@pytest.fixture
def folder(workspace):
    return Dataset.find("sample").feedback


def people(n):
    """Lists of n people: half of the challenger's click, and a fifth of the champion's."""
    lists, clicks = [], []
    for number in range(n):
        arm = arm_of(f"u{number}", "v2", 0.5)
        version = "v2" if arm == CHALLENGER else "v1"
        lists.append(ServedList(version, (Shown("a", 1, 1.0),), user_id=f"u{number}", arm=arm))
        if number % (2 if arm == CHALLENGER else 5) == 0:
            clicks.append(Event("click", "a", user_id=f"u{number}"))
    return lists, clicks


def test_the_better_arm_is_named(folder, capsys):
    start_experiment(folder, "v2", 0.5)
    connection = connect(folder)
    lists, clicks = people(2_000)
    insert(connection, lists, [clicks])
    connection.close()
    assert main(["arms"]) == 0
    title, sentence = capsys.readouterr().out.splitlines()
    assert title.startswith("v2 beside the champion, for 50 of 100 people")
    assert sentence.startswith("clicked: champion 18.9 of 100 people (995), challenger 48.1 of 100")
    assert sentence.endswith("the challenger is better")
    assert main(["arms", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["outcomes"]
    assert (found["outcome"], found["verdict"]) == ("clicked", "better")
    assert found["low"] < 0.3 < found["high"]


def test_interleaved_lists_are_compared_by_people(folder, capsys):
    start_experiment(folder, "v2", 1.0, interleaved=True)
    items = (Shown("a", 1, 1.0, team=CHAMPION), Shown("b", 2, 0.5, team=CHALLENGER))
    facts = {"arm": INTERLEAVED, "version": "v1+v2", "items": items}
    lists = [ServedList(**facts, user_id=f"u{n}") for n in range(300)]
    clicks = [Event("click", "a" if n % 3 == 0 else "b", user_id=f"u{n}") for n in range(300)]
    with closing(connect(folder)) as connection:
        insert(connection, lists, [clicks])
    assert main(["arms"]) == 0
    title, sentence = capsys.readouterr().out.splitlines()
    assert title.startswith("v2 beside the champion, interleaved with it, since")
    assert "100 took more items of the champion, 200 of the challenger" in sentence
    assert sentence.endswith("the challenger is better")
    assert main(["arms", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["outcomes"]
    assert (found["wins"], found["verdict"]) == ({"champion": 100, "challenger": 200}, "better")


def test_without_an_experiment_it_says_how_to_start_one(folder, capsys):
    assert main(["arms"]) == 2
    assert "recsys serve --challenger RUN --share 0.1" in capsys.readouterr().err
    start_experiment(folder, "v2", 0.5)
    assert main(["arms"]) == 2
    assert "no list of a known person" in capsys.readouterr().err
