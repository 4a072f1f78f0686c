"""Rules of the shop mean the same in Python, over HTTP and in exported files."""

import copy
from dataclasses import replace

import pandas as pd
import polars as pl
import pytest
from rich.console import Console

from recsys_lib.errors import RulesError
from recsys_lib.files import write_json
from recsys_lib.loop import FeedbackLog, read_shown
from recsys_lib.serving.export import FOR_ITEMS, FOR_USERS, Export
from recsys_lib.serving.http import Service, answers, requests
from recsys_lib.serving.http import service as service_module
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.questions import Questions
from tests.support.http_server import serving

QUIET = Console(quiet=True)
RULES = """
pin:
  - {name: tea, item: c1, position: 2, for: {lists: [user, history, similar, search]}}
  - {name: ann, item: i29, position: 1, for: {users: [u0, u7]}}
ban:
  - {name: cheap, price_below: 4}
boost:
  - {name: bolt, brands: Bolt, factor: 3}
cap:
  - {name: mugs, by: category, names: Mugs, at_most: 3}
variants:
  - {name: one shirt}
"""
ASKED = {
    "user": lambda r, **wishes: r.recommend("u0", 12, **wishes),
    "other user": lambda r, **wishes: r.recommend("u1", 12, **wishes),
    "history": lambda r, **wishes: r.recommend_for_history(["i1", "i4"], 12, **wishes),
    "similar": lambda r, **wishes: r.similar_items("i5", 12, by="als", **wishes),
    "text": lambda r, **wishes: r.similar_items("i5", 12, by="text", **wishes),
    "search": lambda r, **wishes: r.search("frying pan", 12, **wishes),
}
BANNED = {"i0", "i1", "i2", "i3"}


@pytest.fixture
def ruled(boutique, tmp_path):
    """A copy of the recommender, and its dataset below a folder of this test, with rules."""
    dataset = replace(boutique.dataset, root=tmp_path)
    dataset.rules.parent.mkdir(parents=True)
    dataset.rules.write_text(RULES, encoding="utf-8")
    mine = copy.copy(boutique)
    mine.use_rules(dataset.rules)
    mine.dataset = dataset
    return mine


def ids(answer):
    return answer["item_id"].tolist()


def rules_in(answer):
    return [None if pd.isna(rule) else rule for rule in answer["rule"]]


@pytest.mark.parametrize("kind", ASKED)
def test_every_list_keeps_the_rules_and_says_so(ruled, kind):
    answer = ASKED[kind](ruled)
    found = ids(answer)
    assert not BANNED & set(found)
    assert found[1] == "c1" and answer["rule"][1] == "tea"
    assert (
        sum(ruled.items.facets["categories"][ruled.items.ids.row(i)][0] == "mugs" for i in found)
        <= 3
    )
    assert (found[0] == "i29") == (kind == "user")
    assert answer.attrs["rules"] == ruled.rules.fingerprint
    assert {one["rule"] for one in answer.attrs["left_out"]} <= {"cheap", "mugs", "one shirt"}


@pytest.mark.parametrize("kind", ASKED)
def test_without_rules_lists_are_what_they_were(boutique, ruled, kind):
    ruled.use_rules(None)
    before, after = ASKED[kind](boutique), ASKED[kind](ruled)
    assert before.equals(after) and "rule" not in after and not after.attrs


def test_a_question_wins_over_a_pin(ruled):
    assert "c1" not in ids(ruled.recommend("u1", exclude=["c1"]))
    assert "c1" not in ids(ruled.recommend("u1", filters={"category": "kitchen"}))
    assert "c1" not in ids(ruled.recommend_for_history(["i4", "c1"]))
    assert "c1" not in ids(ruled.recommend("u1", repeats="only"))
    assert ids(ruled.search("pan", 3, offset=1))[0] == "c1"


def test_why_says_which_rule_decides(ruled):
    user = "u1"
    listed = ruled.recommend(user, 12)
    for rule, (_, row) in zip(rules_in(listed), listed.iterrows(), strict=True):
        why = ruled.explain(user, row["item_id"], 12)
        assert (why.rank, why.status) == (row["rank"], "listed")
        assert why.score == pytest.approx(row["score"])
        moved = f"A rule of the shop moved it: {rule}."
        assert (moved in why.sentence) == (rule is not None)
    for one in listed.attrs["left_out"]:
        if one["rule"] == "cheap":
            why = ruled.why_not(user, one["item_id"])
            assert why.status == "ruled" and "by a rule of the shop: cheap" in why.sentence


@pytest.mark.parametrize("what", ["users", "items"])
def test_exported_lists_are_those_of_single_queries(ruled, boutique, tmp_path, monkeypatch, what):
    monkeypatch.setattr(Export, "_open", lambda self: ruled)
    version = boutique.dataset.version(boutique.version)
    (path,) = Export(ruled.dataset, version, 6, tmp_path / "out").run(what, QUIET)
    table = pl.read_parquet(path)
    assert path.name == (FOR_USERS if what == "users" else FOR_ITEMS)
    assert table.columns[-1] == "rule"
    key, item = table.columns[0], table.columns[2]
    ask = ruled.recommend if what == "users" else ruled.similar_items
    names = boutique.als.users.ids()[:12] if what == "users" else boutique.als.items.ids()
    for name in names:
        rows, answer = table.filter(pl.col(key) == name), ask(name, 6)
        assert rows[item].to_list() == ids(answer)
        assert rows["rule"].to_list() == rules_in(answer)
        assert rows["score"].to_list() == pytest.approx(
            answer["score"].tolist(), rel=2e-3, abs=2e-4
        )


@pytest.mark.parametrize("rules", [True, False])
def test_an_export_opens_the_rules_unless_told_not_to(ruled, boutique, tmp_path, rules):
    version = boutique.dataset.version("als")
    export = Export(ruled.dataset, version, 6, tmp_path / "out", "als", rules=rules)
    (path,) = export.run("users", QUIET)
    assert ("rule" in pl.read_parquet(path).columns) == rules


@pytest.fixture
def service(ruled, monkeypatch):
    monkeypatch.setattr(service_module.Recommender, "load", lambda dataset: ruled)
    write_json(ruled.dataset.models / "champion.json", {"version": ruled.version})
    return Service(ruled.dataset)


def test_http_answers_have_the_same_lists(service, ruled):
    questions = Questions(service)
    asked = [
        ("user", answers.user, requests.UserRequest(user_id="u0"), ruled.recommend("u0")),
        ("search", answers.search, requests.SearchRequest(query="pan"), ruled.search("pan")),
    ]
    for route, answer, body, expected in asked:
        found = questions.ask(route, answer, body)
        assert [row.id for row in found.rows] == ids(expected)
        assert [row.rule for row in found.rows] == rules_in(expected)
        assert found.rules == ruled.rules.fingerprint
        left_out = [{"item_id": one.item_id, "rule": one.rule} for one in found.left_out]
        assert left_out == expected.attrs["left_out"]


def test_the_log_has_the_rules_of_each_list(service, ruled, tmp_path):
    log = FeedbackLog(tmp_path / "feedback")
    Questions(service, log).ask("user", answers.user, requests.UserRequest(user_id="u0"))
    log.close()
    assert read_shown(log.folder)["policy"].unique().to_list() == [
        f"best by rules {ruled.rules.fingerprint}"
    ]


def test_a_service_that_begins_with_a_mistake_says_it(ruled, monkeypatch):
    ruled.dataset.rules.write_text("pin:\n  - {name: a}\n", encoding="utf-8")

    def load(dataset):
        ruled.use_rules(ruled.dataset.rules)

    monkeypatch.setattr(service_module.Recommender, "load", load)
    write_json(ruled.dataset.models / "champion.json", {"version": ruled.version})
    with serving(create_app(Service(ruled.dataset))) as client:
        answer = client.post("/matrix_factor/user", json={"user_id": "u0"})
    assert answer.status_code == 503
    assert "rules.yaml, line 2, field 'pin[0].item': item is missing" in answer.json()["detail"]


def test_a_changed_file_counts_from_the_next_list_on(service, ruled):
    path = ruled.dataset.rules
    with serving(create_app(service)) as client:

        def items():
            sent = client.post("/matrix_factor/user", json={"user_id": "u1"})
            return [row["item_id"] for row in sent.json()["recommendations"]]

        def status():
            return client.get("/status").json()["rules"]

        first = items()
        assert first[1] == "c1"
        assert status() == {
            "fingerprint": ruled.rules.fingerprint, "n_rules": 6, "refused": 0, "problem": None,
        }  # fmt: skip
        path.write_text("ban:\n  - {name: b, items: [c1, nosuch]}\n", encoding="utf-8")
        assert items() == first
        assert status()["refused"] == 1
        assert "unknown item 'nosuch'" in status()["problem"]
        path.unlink()
        assert items() == first
        assert "cannot be read" in status()["problem"]
        path.write_text("ban:\n  - {name: b, items: [c1]}\n", encoding="utf-8")
        assert "c1" not in items()
        assert status()["n_rules"] == 1 and status()["problem"] is None
        path.write_text("", encoding="utf-8")
        ruled.use_rules(None)
        expected = ids(ruled.recommend("u1"))
        assert items() == expected


def test_rules_with_a_mistake_are_not_half_applied(ruled):
    before = ids(ruled.recommend("u1"))
    ruled.dataset.rules.write_text(RULES + "bury:\n  - {name: x, items: nosuch, factor: 0.5}\n")
    with pytest.raises(RulesError, match="line 14, field 'bury"):
        ruled.use_rules(ruled.dataset.rules)
    assert ids(ruled.recommend("u1")) == before
