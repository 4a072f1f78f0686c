"""Which version was live when, over HTTP."""

import json

import pytest

from recsys_lib import registry
from recsys_lib.registry.history import change_champion
from tests.support.versions import write_part


@pytest.fixture
def shop(world):
    """A dataset that served one and two, and was rolled back to one."""
    for number, version in enumerate(("one", "two", "three"), start=1):
        write_part(world.dataset, version, "als", number)
        registry.publish(world.dataset, version, serve=version != "three")
    registry.rollback(world.dataset, reason="one item for everybody")
    return world.dataset


def test_before_the_first_version(client):
    assert client.get("/models").json() == {"served": None, "models": [], "problems": []}
    assert client.get("/models/history").json() == {"changes": [], "problems": []}


def test_versions_are_listed_with_the_times_when_they_were_live(shop, client):
    answer = client.get("/models").json()
    assert (answer["served"], answer["problems"]) == ("one", [])
    rows = {row["version"]: row for row in answer["models"]}
    assert {name: row["served"] for name, row in rows.items()} == {
        "one": True,
        "two": False,
        "three": False,
    }
    first, last = rows["one"]["live"]
    (only,) = rows["two"]["live"]
    assert [first["until"], only["until"], last["until"]] == [only["since"], last["since"], None]
    assert (first["by"], first["reason"]) == ("run", "the first version that is served")
    assert last["reason"] == "rolled back from two: one item for everybody"
    assert (rows["three"]["live"], rows["three"]["parts"]) == ([], ["als"])
    assert rows["three"]["published_at"] is not None


def test_changes_come_newest_first(shop, client):
    changes = client.get("/models/history").json()["changes"]
    assert [(change["from"], change["to"], change["rollback"]) for change in changes] == [
        ("two", "one", 1),
        ("one", "two", 0),
        (None, "one", 0),
    ]
    assert list(changes[0]) == ["time", "from", "to", "reason", "by", "rollback"]
    change_champion(shop, "two", reason="mended", by="anna@desk")
    newest = client.get("/models/history").json()["changes"][0]
    assert (newest["to"], newest["by"]) == ("two", "anna@desk")


def test_what_is_damaged_is_named_and_the_rest_listed(shop, client):
    path = shop.models / "history.jsonl"
    path.write_text(path.read_text() + "{\n")
    (shop.version("two") / "manifest.json").write_text("{")
    (shop.models / "champion.json").write_text(json.dumps({"version": "four"}))
    answer = client.get("/models").json()
    assert answer["served"] == "four"
    assert [row["version"] for row in answer["models"]][-1] == "two"
    assert answer["models"][-1]["published_at"] is None
    said = "\n".join(answer["problems"])
    assert f"{path}, line 4 is damaged" in said
    assert "version 'four' is to be served, but" in said
    assert f"{shop.version('two') / 'manifest.json'} is damaged" in said
    (shop.models / "champion.json").write_text("{")
    answer = client.get("/models").json()
    assert answer["served"] is None
    assert "does not name a version" in "\n".join(answer["problems"])
    assert len(client.get("/models/history").json()["problems"]) == 1
