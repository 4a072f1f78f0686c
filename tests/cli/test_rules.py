"""``recsys rules``, and lists of the command line that keep them."""

import json

import pytest

from recsys_lib.cli import main
from recsys_lib.errors import EXIT_BAD_PARAMETERS


@pytest.fixture
def run(shop, capsys):
    def run(*arguments):
        code = main([*arguments, "--dataset", "boutique"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def draft(tmp_path):
    path = tmp_path / "draft.yaml"
    path.write_text("pin:\n  - {name: tea, item: c1}\n", encoding="utf-8")
    return path


@pytest.fixture
def in_force(shop, draft):
    shop.rules.parent.mkdir(parents=True)
    shop.rules.write_bytes(draft.read_bytes())
    yield shop.rules
    shop.rules.unlink()
    shop.rules.parent.rmdir()


def test_check_says_what_each_rule_does(run, draft):
    code, out, _ = run("rules", "check", "--file", str(draft))
    assert code == 0
    assert out.startswith(f"1 rule for version blend: {draft}")
    assert "tea: puts Tea mug at place 1 (users, histories, similar items; 1 product" in out
    _, out, _ = run("rules", "check", "--file", str(draft), "--json")
    assert json.loads(out)["rules"][0]["products"] == 1


def test_a_mistake_is_said_with_its_line(run, draft):
    draft.write_text("pin:\n  - {name: tea, item: c9}\n", encoding="utf-8")
    code, out, err = run("rules", "check", "--file", str(draft))
    assert (code, out) == (EXIT_BAD_PARAMETERS, "")
    assert "draft.yaml, line 2, field 'pin[0].item': unknown item 'c9'" in err


def test_where_there_are_no_rules_the_file_is_named(run, shop):
    code, _, err = run("rules", "check")
    assert code == EXIT_BAD_PARAMETERS
    assert f"there is no file {shop.rules}" in err


def test_lists_keep_the_rules_unless_told_not_to(run, in_force):
    _, out, _ = run("recommend", "u1", "-n", "2", "--json")
    answer = json.loads(out)
    assert answer["recommendations"][0]["item_id"] == "c1"
    assert answer["recommendations"][0]["rule"] == "tea"
    assert len(answer["rules"]) == 12 and answer["left_out"] == []
    _, out, _ = run("recommend", "u1", "-n", "2")
    assert "moved by the rule tea" in out
    _, out, _ = run("recommend", "u1", "-n", "2", "--json", "--no-rules")
    assert "rule" not in json.loads(out)["recommendations"][0]
