"""Which version was live when, rolled back and verified from the command line."""

import json
import re
import shutil

import pytest

from recsys_lib import registry
from recsys_lib.cli import main
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset
from tests.support.terminal import in_terminal
from tests.support.versions import write_part


@pytest.fixture
def shop(workspace):
    """A shop that served v1, v2 and v3 in turn."""
    shop = Dataset.find("shop")
    for number in (1, 2, 3):
        publish(shop, f"v{number}", number)
    return shop


def publish(dataset, version, number):
    write_part(dataset, version, "als", number)
    registry.publish(dataset, version)


def served(shop):
    return registry.require_champion(shop).name


def listed(capsys, *options):
    assert main(["models", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def damage(shop, version):
    array = shop.version(version) / "als" / "array.npy"
    array.write_bytes(array.read_bytes()[:-1] + b"x")
    return array


def test_a_rollback_says_what_is_served_and_pins_it(shop, capsys):
    assert main(["rollback", "--reason", "one item\nfor everybody\x1b[31m"]) == 0
    said = capsys.readouterr().out
    assert "dataset shop: version v2 is served now, not v3" in said
    assert "it is pinned: runs train, but serve nothing until 'recsys promote VERSION" in said
    assert served(shop) == "v2"
    newest = listed(capsys, "--history")[0]
    assert newest["reason"] == "rolled back from v3: one item for everybody[31m"
    assert (newest["from"], newest["to"], newest["rollback"]) == ("v3", "v2", 1)
    assert main(["rollback", "--no-pin"]) == 0
    assert "pinned" not in capsys.readouterr().out
    assert (served(shop), registry.choice(shop).pinned) == ("v1", False)


def test_a_rollback_names_what_it_skips(shop, capsys):
    shutil.rmtree(shop.version("v2"))
    assert main(["rollback", "--dataset", "shop"]) == 0
    out, said = capsys.readouterr()
    assert "version v1 is served now, not v3" in out
    assert "version v2 is skipped: there is no version 'v2'" in said


def test_a_rollback_that_is_not_possible_changes_nothing(shop, capsys):
    assert main(["rollback", "3"]) == 2
    assert (
        "a rollback by 3 is not possible: dataset 'shop' has 2 earlier" in capsys.readouterr().err
    )
    with pytest.raises(SystemExit):
        main(["rollback", "0"])
    assert "'0' is not a whole number from 1" in capsys.readouterr().err
    assert served(shop) == "v3"


def test_of_several_datasets_a_rollback_needs_one(shop, capsys):
    publish(Dataset.find("other"), "w1", 1)
    assert main(["rollback"]) == 2
    assert "which dataset is to be rolled back? Add --dataset (other, shop)" in (
        capsys.readouterr().err
    )
    assert main(["rollback", "--dataset", "shop"]) == 0
    assert served(shop) == "v2"


def test_without_models_a_rollback_says_what_to_run(workspace, capsys):
    assert main(["rollback"]) == 1
    assert "no model of dataset 'sample' is trained yet" in capsys.readouterr().err


def test_models_say_when_each_was_live_why_and_who_decided(shop, capsys):
    main(["promote", "v1", "--reason", "fewer complaints"])
    capsys.readouterr()
    rows = {row["version"]: row for row in listed(capsys)}
    first, last = rows["v1"]["live"]
    assert (first["by"], first["reason"]) == ("run", "the first version that is served")
    assert first["until"] == rows["v2"]["live"][0]["since"]
    assert (last["until"], last["reason"], "@" in last["by"]) == (None, "fewer complaints", True)
    assert re.fullmatch(r"served since 2.{15}, by .+@.+: fewer complaints", rows["v1"]["why"])
    until = rows["v2"]["live"][0]["until"][:16].replace("T", " ")
    assert f" to {until}, by run: not compared with v1" in rows["v2"]["why"]
    assert main(["models"]) == 0
    assert rows["v2"]["why"] in capsys.readouterr().out
    main(["promote", "v2"])
    main(["promote", "v1", "--pin"])
    capsys.readouterr()
    rows = {row["version"]: row for row in listed(capsys)}
    assert ", 2 times in all, by " in rows["v2"]["why"]
    assert ", pinned (later runs promote none), by " in rows["v1"]["why"]


def test_the_history_is_printed_newest_first(shop, capsys):
    rows = listed(capsys, "--history")
    assert [(row["from"], row["to"]) for row in rows] == [
        ("v2", "v3"),
        ("v1", "v2"),
        (None, "v1"),
    ]
    assert main(["models", "--history", "--dataset", "shop"]) == 0
    header, newest, _, oldest = capsys.readouterr().out.splitlines()
    assert header.split() == ["time", "dataset", "from", "to", "by", "why"]
    assert newest.split()[2:6] == ["shop", "v2", "v3", "run"]
    assert oldest.split()[2:] == [
        "shop",
        "-",
        "v1",
        "run",
        *["the", "first", "version", "that", "is", "served"],
    ]


@pytest.mark.parametrize("command", [["models"], ["models", "--history"]])
def test_a_narrow_terminal_folds_reasons_and_cuts_none(shop, command):
    reason = "somebody complained about belts, " * 5 + "and so on"
    assert main(["promote", "v1", "--reason", reason]) == 0
    shown = in_terminal(*command, columns=50)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 50
    assert reason in " ".join(" ".join(lines).split())


def test_a_damaged_line_is_named_and_is_no_failure(shop, capsys):
    path = shop.models / "history.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "{", lines[2], ""]))
    assert main(["models", "--history"]) == 0
    out, said = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert f"{path}, line 2 is damaged (" in said
    rows = {row["version"]: row for row in listed(capsys)}
    assert " to an unknown time, by run" in rows["v1"]["why"]


def test_a_workspace_of_an_older_release_is_listed(shop, capsys):
    (shop.models / "history.jsonl").unlink()
    since = "2026-01-02T03:15:00+00:00"
    write_json(shop.models / "champion.json", {"version": "v2", "since": since, "by_hand": False})
    rows = {row["version"]: row for row in listed(capsys)}
    assert rows["v2"]["live"][0]["since"] == since
    assert rows["v2"]["why"].startswith("served since 2026-01-02 03:15, by somebody: found in")
    assert capsys.readouterr().err == ""


class TestVerifyingAll:
    def test_there_is_a_line_for_each_version(self, shop, capsys):
        publish(Dataset.find("other"), "w1", 1)
        assert main(["verify", "--all"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[1:5] for line in lines] == [
            ["w1", "of", "dataset", "other"],
            *[[f"v{number}", "of", "dataset", "shop"] for number in (1, 2, 3)],
        ]
        assert main(["verify", "--all", "--dataset", "other"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1

    def test_damage_is_named_and_the_others_are_checked(self, shop, capsys):
        first, second = damage(shop, "v1"), shop.version("v2") / "als" / "array.npy"
        second.unlink()
        assert main(["verify", "--all"]) == 1
        out, said = capsys.readouterr()
        assert [line.split()[1] for line in out.splitlines()] == ["v3"]
        assert f"{first} is damaged: its content differs" in said
        assert f"{second} is missing" in said

    def test_a_champion_that_is_gone_is_named(self, shop, capsys):
        shutil.rmtree(shop.version("v3"))
        assert main(["verify", "--all"]) == 1
        assert "version 'v3' is to be served, but" in capsys.readouterr().err
        (shop.models / "champion.json").write_text("{")
        assert main(["verify", "--all"]) == 1
        assert "does not name a version" in capsys.readouterr().err

    def test_a_version_is_not_all(self, shop, capsys):
        assert main(["verify", "v1", "--all"]) == 2
        assert "name a version, or check them with --all" in capsys.readouterr().err


def test_the_environment_names_who_decides(shop, monkeypatch, capsys):
    monkeypatch.setenv("RECSYS_BY", "cron of anna")
    main(["rollback"])
    capsys.readouterr()
    assert listed(capsys, "--history")[0]["by"] == "cron of anna"
