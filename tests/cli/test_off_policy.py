"""``recsys offpolicy`` on a log of which the answer is known."""

import json
import random
import shutil
from contextlib import closing
from dataclasses import replace

import pytest

from recsys_lib import Recommender
from recsys_lib.cli import main
from recsys_lib.errors import EXIT_BAD_PARAMETERS, EXIT_THIN_SUPPORT
from recsys_lib.loop import Event, ServedList, Shown
from recsys_lib.loop.exploration import EXPLORED, ExplorePolicy
from recsys_lib.loop.off_policy import Estimate
from recsys_lib.loop.store import connect, insert
from recsys_lib.paths import Dataset
from recsys_lib.serving.candidate_value import candidate_value
from recsys_lib.serving.exploring import ranked_among


@pytest.fixture
def boutique(shop_root, tmp_path, monkeypatch):
    """A copy of the shop, with nothing logged."""
    root = tmp_path / "home"
    shutil.copytree(shop_root, root)
    monkeypatch.setenv("RECSYS_HOME", str(root))
    return Dataset.find("boutique")


def log(dataset, n):
    """People click on what the version named blend would show them, and on nothing else."""
    version = Recommender.load(dataset.version("blend"), dataset=dataset)
    users = list(version.require_als().users.ids())
    items = list(version.blend.items.ids())
    best = {user: ranked_among(version, user, items) for user in users}
    users = [user for user in users if best[user]]
    policy = ExplorePolicy(1, tuple(items), (0,) * len(items), (0,) * len(items))
    policy.save(dataset.feedback)
    generator, lists, clicks = random.Random(1), [], []
    for number in range(n):
        user = users[number % len(users)]
        item, propensity = policy.draw((), generator)
        shown = (Shown(item, 1, 1.0, EXPLORED, propensity),)
        served = ServedList("v", shown, user_id=user, policy=policy.name, list_id=f"l{number}")
        lists.append(served)
        if item == best[user][0]:
            clicks.append(Event("click", item, served.list_id))
    with closing(connect(dataset.feedback)) as connection:
        insert(connection, lists, [clicks])


def test_the_estimate_is_what_people_would_do(boutique, capsys):
    log(boutique, 3_000)
    assert main(["offpolicy", "blend", "--dataset", "boutique", "--enough", "20"]) == 0
    out = capsys.readouterr().out
    assert "blend at the place that is explored" in out
    assert "self-normalized     100.00" in out
    assert main(["offpolicy", "blend", "--dataset", "boutique", "--enough", "20", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["estimates"]["dr"]["high"] > 0.95
    assert found["rate"] < 0.5


def test_two_versions_are_compared_in_the_same_lists(boutique):
    log(boutique, 3_000)
    version = Recommender.load(boutique.version("blend"), dataset=boutique)
    same = candidate_value(version, version, enough=20)
    assert (same.gain.value, same.gain.low, same.gain.high) == (0, 0, 0)
    assert same.sentence.endswith("no difference to be seen")
    gains = {"chooses better": (0.02, 0.01, 0.03), "chooses worse": (-0.02, -0.03, -0.01)}
    for end, gain in gains.items():
        assert replace(same, gain=Estimate(*gain)).sentence.endswith(f"blend {end}")
    assert "too thin to compare" in replace(same, gain=None).sentence
    unlike = Recommender.load(boutique.version("als"), dataset=boutique)
    assert candidate_value(version, unlike, enough=20).served == ""


def test_thin_support_has_an_exit_code_of_its_own(boutique, capsys):
    log(boutique, 60)
    assert main(["offpolicy", "blend", "--dataset", "boutique"]) == EXIT_THIN_SUPPORT
    assert "support too thin" in capsys.readouterr().err


def test_without_random_choices_it_says_how_to_log_them(boutique, capsys):
    assert main(["offpolicy", "blend", "--dataset", "boutique"]) == EXIT_BAD_PARAMETERS
    assert "recsys serve --explore POSITION" in capsys.readouterr().err


def test_a_version_that_recommends_no_new_items(boutique, capsys):
    log(boutique, 60)
    assert main(["offpolicy", "als", "--dataset", "boutique"]) == 1
    assert "was not evaluated" in capsys.readouterr().err
