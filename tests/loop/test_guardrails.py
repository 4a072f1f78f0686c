"""Guardrails after a promotion: each falls where its reason is planted, and only there."""

import shutil

import pytest

from recsys_lib.cli import main
from recsys_lib.errors import EXIT_OK, EXIT_ROLL_BACK
from recsys_lib.files import write_json
from recsys_lib.loop.guardrails import guardrails
from recsys_lib.parameters import MonitorParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry import FIRST_SEARCH, choice, publish, read_history, writing_part
from recsys_lib.registry.history import change_champion
from tests.loop.test_monitor import log

OPTIONS = {"parameters": {}, "data_fingerprint": "f", "libraries": ["numpy"]}


@pytest.fixture
def shop(workspace):
    """Two versions, served one after the other."""
    shop = Dataset.find("shop", workspace)
    shop.raw.mkdir(parents=True)
    for version in ("v1", "v2"):
        with writing_part(shop.version(version) / "als", **OPTIONS) as folder:
            (folder / "notes.txt").write_text(version)
        publish(shop, version)
    return shop


def look(shop):
    return guardrails(shop, MonitorParameters())


def test_two_versions_that_are_alike(shop):
    log(shop, "v1")
    log(shop, "v2", day=1)
    found = look(shop)
    assert (found.served, found.before, found.changes) == ("v2", "v1", 1)
    assert found.broken == []
    assert main(["retrain", "--dataset", "shop", "--watch"]) == EXIT_OK


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"clicks": 0.02}, "are clicked"),
        ({"empty": 0.3}, "are empty"),
        ({"ms": 900.0}, "take more than 200 ms"),
    ],
)
def test_what_is_worse_is_rolled_back_and_pinned(shop, planted, said, capsys):
    log(shop, "v1")
    log(shop, "v2", day=1, **planted)
    assert any(said in sentence for sentence in look(shop).broken)
    watch = ["retrain", "--dataset", "shop", "--watch", "--quiet"]
    assert main(watch) == EXIT_ROLL_BACK
    assert said in capsys.readouterr().err
    last = read_history(shop).last
    assert (last.version, last.by, last.rollback) == ("v1", "watch", 1)
    assert said in last.reason
    assert choice(shop).pinned
    assert main(watch) == EXIT_OK  # a second look goes no further back


def test_few_people_decide_nothing(shop):
    log(shop, "v1", people=50)
    log(shop, "v2", people=50, clicks=0.0, empty=1.0, day=1)
    assert look(shop).broken == []


def test_the_first_version_has_nothing_before_it(workspace):
    assert look(Dataset.find("shop", workspace)) is None


def test_updates_count_as_the_version_that_a_run_trained(shop):
    update = {"update": {"trained": "v2", "parent": "v2"}}
    write_json(shop.version("v2-update") / "manifest.json", update)
    change_champion(shop, "v2-update", reason="update", by="update")
    log(shop, "v1")
    log(shop, "v2-update", day=1, clicks=0.02)
    found = look(shop)
    assert (found.served, found.before, found.changes) == ("v2", "v1", 2)
    assert found.broken


def test_neither_a_first_search_nor_a_removed_version_is_before(workspace):
    """There is nothing that a rollback could lead to."""
    shop = Dataset.find("shop", workspace)
    shop.raw.mkdir(parents=True)
    for version, part in ((f"v1{FIRST_SEARCH}", "search"), ("v2", "als"), ("v3", "als")):
        with writing_part(shop.version(version) / part, **OPTIONS) as folder:
            (folder / "notes.txt").write_text(version)
        publish(shop, version)
        log(shop, version, clicks=0.02 if version == "v3" else 0.2)
    assert look(shop).before == "v2"
    shutil.rmtree(shop.version("v2"))
    assert look(shop) is None
