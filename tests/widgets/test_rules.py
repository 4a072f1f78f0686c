"""The panel of the rules: only where there are any, with their words and their cost."""

from dataclasses import replace

import pytest

from recsys_lib import Recommender
from recsys_lib.widgets import Explorer, rules
from recsys_lib.widgets.rules_panel import RulesPanel


@pytest.fixture
def ruled(served, tmp_path, monkeypatch):
    """A version whose dataset has rules and a draft."""
    dataset = replace(served.dataset, root=tmp_path)
    dataset.rules.parent.mkdir(parents=True)
    item = served.example_items(1)[0]
    dataset.rules.write_text(f"ban:\n  - {{name: no <b>, items: {item!r}}}\n", encoding="utf-8")
    (dataset.rules.parent / "draft.yaml").write_text("pin:\n  - {name: x}\n", encoding="utf-8")
    parts = served.als, served.product_search
    return Recommender(dataset, *parts, version="v1", blend=served.blend)


def test_the_panel_is_there_only_where_there_are_rules(ruled, served):
    assert "Rules" not in Explorer(served, background=False).panels
    assert "Rules" in Explorer(ruled, background=False).panels
    assert [path.name for path in rules.rule_files(ruled.dataset)] == ["rules.yaml", "draft.yaml"]


@pytest.fixture
def panel(ruled, served, monkeypatch):
    lists = rules.HeldOutLists.of
    monkeypatch.setattr(rules.HeldOutLists, "of", lambda _: lists(served, 30))
    return RulesPanel(ruled, None, None)


def test_it_says_what_the_rules_do_and_what_they_cost(panel):
    panel.show()
    assert panel.results["rule"].tolist() == ["no <b>"]
    assert "no &lt;b&gt;" in panel.words.value and "<b>" not in panel.words.value
    assert "Cost by segment" not in panel.static()
    panel.show_cost()
    assert panel.results["segment"][0] == "everybody"
    assert "Of 30 users" in panel.cost.value
    assert "Cost by segment" in panel.static()


def test_a_draft_with_a_mistake_says_where(panel):
    panel.show()
    panel.file.index = 1
    assert (
        "draft.yaml, line 2, field &#x27;pin[0].item&#x27;: item is missing" in panel.message.value
    )
    assert panel.words.value == panel.cost.value == ""
    panel.show_cost()
    assert "item is missing" in panel.message.value
    panel.file.index = 0
    assert panel.message.value == "" and panel.words.value
