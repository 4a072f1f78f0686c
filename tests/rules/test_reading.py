"""A file of rules is read whole, or refused with a line for each mistake."""

import re

import pytest

from recsys_lib.errors import EXIT_BAD_PARAMETERS, RulesError
from recsys_lib.paths import project_root
from recsys_lib.rules import RuleFile
from recsys_lib.rules.kinds import KINDS


def read(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return RuleFile.read(path)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("- a\n", 1, "must hold sections with rules: pin, ban"),
        ("bann:\n  - {name: a}\n", 1, "unknown kind of rule 'bann': did you mean 'ban'?"),
        ("ban: {name: a}\n", 1, "field 'ban': must be a list of rules"),
        ("ban:\n  - a\n", 2, "field 'ban[0]': must hold fields such as name, got 'a'"),
        (
            "ban:\n  - name: a\n    brand: x\n",
            3,
            "field 'ban[0].brand': unknown field 'brand': did you mean 'brands'?",
        ),
        ("ban:\n  - name: a\n", 2, "field 'ban[0]': it is about no product: give items, brands"),
        ("pin:\n  - name: a\n", 2, "field 'pin[0].item': item is missing: add it"),
        ("pin:\n  - {name: a, item: 7}\n", 2, "'pin[0].item': must be a text: write '7' in quotes"),
        (
            "pin:\n  - name: a\n    item: x\n    position: 0\n",
            4,
            "'pin[0].position': Input should be greater than or equal to 1, got 0",
        ),
        (
            "pin:\n  - name: a\n    item: x\n    until: tomorrow\n",
            4,
            "'pin[0].until': Input should be a valid date",
        ),
        (
            "pin:\n  - {name: a, item: x, from: 2026-02-01, until: 2026-01-01}\n",
            2,
            "it ends (2026-01-01) before it begins (2026-02-01)",
        ),
        (
            "pin:\n  - name: a\n    item: x\n    for:\n      min_histry: 3\n",
            5,
            "'pin[0].for.min_histry': unknown field 'min_histry': did you mean 'min_history'?",
        ),
        (
            "pin:\n  - name: a\n    item: x\n    for:\n      lists: [usr]\n",
            5,
            "'pin[0].for.lists[0]': Input should be 'user', 'history', 'similar' or 'search'",
        ),
        (
            "boost:\n  - name: a\n    brands: x\n    factor: 0.5\n",
            4,
            "'boost[0].factor': must be more than 1: less is a bury, got 0.5",
        ),
        (
            "bury:\n  - name: a\n    brands: x\n    factor: 2\n",
            4,
            "'bury[0].factor': must be less than 1: more is a boost, got 2",
        ),
        (
            "cap:\n  - name: a\n    by: brand\n    at_most: 0\n",
            4,
            "'cap[0].at_most': must be at least 1: none at all is a ban, got 0",
        ),
        ("margin:\n  - {name: a, weight: 0.2}\n", 2, "give file (CSV or Parquet with item_id and"),
        ("margin:\n  - {name: a, column: m, weight: 1}\n", 2, "less than 1, got 1"),
        (
            "ban:\n  - {name: a, brands: x, price_above: 9, price_below: 5}\n",
            2,
            "no price is above 9 and below 5",
        ),
        (
            "ban:\n  - {name: a, brands: x}\n  - {name: a, brands: y}\n",
            3,
            "'ban[1]': another rule is named 'a', too: give it a name of its own",
        ),
        (
            "pin:\n  - {name: a, item: x}\n  - {name: b, item: y}\n",
            3,
            "'pin[1]': 'a' pins another item at the same place: choose another position",
        ),
        (
            "pin:\n  - {name: a, item: x}\n  - {name: b, item: x, position: 2}\n",
            3,
            "'a' pins the same item at place 1: keep one of them",
        ),
        (
            "boost:\n  - {name: a, brands: x, factor: 2}\n"
            "bury:\n  - {name: b, brands: x, factor: 0.5}\n",
            4,
            "'a' moves the same products the other way: keep one of them",
        ),
        (
            "margin:\n  - {name: a, column: m, weight: 0.1}\n"
            "  - {name: b, column: k, weight: 0.1}\n",
            3,
            "'a' weighs a margin at the same time: keep one of them",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_its_field_and_a_remedy(tmp_path, text, line, said):
    with pytest.raises(RulesError) as error:
        read(tmp_path, text)
    assert f"{tmp_path / 'rules.yaml'}, line {line}" in str(error.value)
    assert said in str(error.value)
    assert error.value.exit_code == EXIT_BAD_PARAMETERS


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path):
    text = "cap:\n  - {name: a, by: brand, at_most: 0}\n  - {name: b, by: brnd, at_most: 1}\n"
    with pytest.raises(RulesError) as error:
        read(tmp_path, text + "pin:\n  - {name: c}\n")
    assert [line.split("'")[1] for line in str(error.value).splitlines()] == [
        "cap[0].at_most",
        "cap[1].by",
        "pin[0].item",
    ]


def test_rules_of_other_days_or_lists_do_not_contradict_each_other(tmp_path):
    days = "from: 2026-01-01, until: 2026-01-31"
    file = read(
        tmp_path,
        f"pin:\n  - {{name: a, item: x, {days}}}\n  - {{name: b, item: y, from: 2026-02-01}}\n"
        "  - {name: c, item: z, for: {lists: search}}\n",
    )
    assert [rule.name for rule in file.rules] == ["a", "b", "c"]


def test_an_empty_file_has_no_rules(tmp_path):
    assert read(tmp_path, "# none today\n").rules == ()
    assert read(tmp_path, "pin: []\n").rules == ()


@pytest.mark.parametrize("content", [b"pin: [", b"pin:\n  - {name: a, name: b}\n", b"\xff\xfe"])
def test_what_is_no_yaml_is_said(tmp_path, content):
    (tmp_path / "rules.yaml").write_bytes(content)
    with pytest.raises(RulesError, match=r"rules\.yaml: not YAML"):
        RuleFile.read(tmp_path / "rules.yaml")
    with pytest.raises(RulesError, match=r"cannot be read \(No such file"):
        RuleFile.read(tmp_path / "none.yaml")


def test_a_key_that_is_given_twice_is_named_with_its_line(tmp_path):
    said = r"rules.yaml: not YAML \(line 5, column 5: 'name' is given twice, first in line 3: keep"
    with pytest.raises(RulesError, match=said):
        read(tmp_path, "ban: []\npin:\n  - name: a\n    item: x\n    name: b\n")


def test_the_fingerprint_changes_with_the_rules_and_with_the_files_that_they_name(tmp_path):
    text = "stock:\n  - {name: s, file: stock.csv}\n"
    stock = tmp_path / "stock.csv"
    stock.write_text("item_id,stock\na,1\n")
    first = read(tmp_path, text).fingerprint
    assert read(tmp_path, text).fingerprint == first
    stock.write_text("item_id,stock\na,0\n")
    assert read(tmp_path, text).fingerprint != first
    assert read(tmp_path, text.replace("s,", "t,")).fingerprint != first


def test_the_example_of_the_documentation_has_every_kind(tmp_path):
    text = (project_root() / "docs" / "rules.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]
    assert {rule.kind for rule in read(tmp_path, example).rules} == set(KINDS)
    assert all(f"`{kind}`" in text for kind in KINDS)
