"""Lists keep the rules: on shelves whose answers anybody can work out, and on random ones."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.errors import RulesError
from recsys_lib.rules import Asked
from tests.support.shelf import BRANDS, CATEGORIES, Shelf

TEN = Shelf(np.arange(10, 0, -1.0))


def names(found):
    return [f"i{row}" for row in found.rows]


def ask(tmp_path, text, n=4, shelf=TEN, **asked):
    return shelf.list_of(shelf.rules(tmp_path, text), n, Asked(**({"kind": "user"} | asked)))


def test_banned_items_are_in_no_list_and_others_fill_it(tmp_path):
    found = ask(
        tmp_path,
        "ban:\n  - {name: no, items: [i1, i2]}\n  - {name: b, brands: Acme, price_below: 4}\n",
    )
    assert names(found) == ["i4", "i5", "i6", "i7"]
    assert found.left_out == [(0, "b"), (1, "no"), (2, "no"), (3, "b")]
    assert found.rules == [None] * 4


def test_a_pinned_item_has_its_place_and_the_score_of_the_item_after_it(tmp_path):
    found = ask(
        tmp_path,
        "pin:\n  - {name: new, item: i9, position: 2}\n  - {name: far, item: i0, position: 7}\n",
    )
    assert names(found) == ["i1", "i9", "i2", "i3"]
    assert found.scores.tolist() == [9, 8, 8, 7]
    assert found.rules == [None, "new", None, None]


def test_pins_beyond_the_end_of_a_short_list_end_it(tmp_path):
    found = ask(tmp_path, "pin:\n  - {name: p, item: i0, position: 50}\n", n=60)
    assert names(found)[-2:] == ["i9", "i0"]
    assert found.scores.tolist()[-2:] == [1, 1]


def test_a_factor_multiplies_scores_above_0(tmp_path):
    text = (
        "boost:\n  - {name: up, items: i3, factor: 2}\n"
        "bury:\n  - {name: down, items: i0, factor: 0.1}\n"
    )
    found = ask(tmp_path, text, n=10)
    assert names(found) == ["i3", "i1", "i2", "i4", "i5", "i6", "i7", "i8", "i0", "i9"]
    assert found.scores.tolist() == [14, 9, 8, 6, 5, 4, 3, 2, 1, 1]
    assert found.rules[0] == "up" and found.rules[8] == "down" and found.rules[1] is None
    below = Shelf(np.array([1.0, -1.0, -2.0]))
    found = ask(tmp_path, "boost:\n  - {name: up, items: i2, factor: 9}\n", shelf=below)
    assert names(found) == ["i0", "i1", "i2"]


def test_a_margin_counts_with_its_weight_in_units_of_the_best_score(tmp_path):
    (tmp_path / "m.csv").write_text("item_id,margin\ni0,-1\ni1,0\ni2,1\nelsewhere,5\n")
    shelf = Shelf(np.array([10.0, 9.0, 8.0, 7.0]))
    found = ask(tmp_path, "margin:\n  - {name: m, file: m.csv, weight: 0.4}\n", shelf=shelf)
    expected = {0: 6.0, 1: 5.4 + 2, 2: 4.8 + 4, 3: 4.2}
    assert names(found) == ["i2", "i1", "i0", "i3"]
    assert found.scores == pytest.approx([expected[row] for row in found.rows])
    assert found.rules[:3] == ["m", None, "m"]


def test_a_list_has_at_most_so_many_of_a_category_or_brand(tmp_path):
    text = "cap:\n  - {name: c, by: category, at_most: 1}\n"
    assert names(ask(tmp_path, text)) == ["i0", "i1", "i2", "i3"]
    found = ask(tmp_path, text, n=6)
    assert names(found) == ["i0", "i1", "i2", "i3"]
    assert found.left_out == [(4, "c"), (5, "c")]
    text = "cap:\n  - {name: c, by: brand, at_most: 1, names: [Acme, BOLT]}\n"
    assert names(ask(tmp_path, text, n=5)) == ["i0", "i1", "i2", "i5", "i8"]


def test_a_cap_counts_pinned_items_and_wins_over_the_second(tmp_path):
    pins = (
        "pin:\n  - {name: a, item: i8, position: 1}\n"
        "  - {name: b, item: i4, position: 2, for: {max_history: 3}}\n"
    )
    found = ask(tmp_path, f"{pins}cap:\n  - {{name: c, by: category, at_most: 1}}\n")
    assert names(found) == ["i8", "i1", "i2", "i3"]
    text = f"{pins}cap:\n  - {{name: c, by: category, at_most: 1}}\n"
    found = ask(tmp_path, text, history=np.array([5]))
    assert names(found) == ["i8", "i1", "i2", "i3"]


def test_pins_of_other_days_do_not_fill_a_cap(tmp_path):
    text = (
        "pin:\n  - {name: a, item: i0, until: 2026-01-31}\n"
        "  - {name: b, item: i3, position: 2, from: 2026-02-01}\n"
        "cap:\n  - {name: one, by: brand, at_most: 1}\n"
    )
    assert len(TEN.rules(tmp_path, text)) == 3
    with pytest.raises(RulesError, match="'one' lets only 1"):
        TEN.rules(tmp_path, text.replace("2026-02-01", "2026-01-31"))


def test_variants_share_a_place_even_where_a_question_wants_them_all(tmp_path):
    found = ask(tmp_path, "variants:\n  - {name: one}\n")
    assert names(found) == ["i0", "i2", "i4", "i6"]
    assert found.left_out == [(1, "one"), (3, "one")]


def test_out_of_stock_is_never_recommended_not_even_pinned(tmp_path):
    (tmp_path / "s.csv").write_text(
        "item_id,stock\n" + "".join(f"i{n},{n % 3}\n" for n in range(9))
    )
    text = "stock:\n  - {name: s, file: s.csv}\npin:\n  - {name: p, item: i3}\n"
    found = ask(tmp_path, text, n=10)
    assert names(found) == ["i1", "i2", "i4", "i5", "i7", "i8"]
    kept = ask(tmp_path, text.replace("s.csv", "s.csv, unlisted: keep"), n=10)
    assert names(kept)[-1] == "i9"
    text = "stock:\n  - {name: s, column: in_stock}\n"
    assert names(ask(tmp_path, text)) == ["i0", "i2", "i4", "i6"]


def test_rules_hold_on_their_days_and_for_their_lists(tmp_path):
    text = (
        "ban:\n  - {name: d, items: i0, from: 2026-02-01, until: 2026-02-28}\n"
        "  - {name: l, items: i1, for: {lists: [similar, search]}}\n"
        "  - {name: u, items: i2, for: {users: [ann]}}\n"
        "  - {name: h, items: i3, for: {min_history: 1, max_history: 2}}\n"
        "  - {name: k, items: i4, for: {likes: PANS}}\n"
        "  - {name: c, items: i5, for: {category: pots}}\n"
    )
    rules = TEN.rules(tmp_path, text)

    def banned(day=date(2026, 1, 1), **asked):
        in_force = rules.for_list(Asked(**({"kind": "user"} | asked)), day)
        return set(np.flatnonzero(in_force.left_out >= 0).tolist())

    assert banned() == set()
    assert banned(date(2026, 2, 1)) == banned(date(2026, 2, 28)) == {0}
    assert banned(date(2026, 3, 1)) == set()
    assert banned(kind="search") == {1}
    assert banned(user_id="ann") == {2}
    assert banned(history=np.array([0])) == {3}
    assert banned(history=np.array([1, 5])) == {3, 4}
    assert banned(history=np.array([0, 1, 4])) == {4}
    assert banned(category=" Pots") == {5}
    assert banned(kind="similar", item=2) == {1, 5}
    assert banned(kind="similar", item=3) == {1}


def test_search_is_changed_only_where_a_rule_names_it(tmp_path):
    text = "pin:\n  - {name: p, item: i9}\nboost:\n  - {name: b, items: i8, factor: 99}\n"
    assert names(ask(tmp_path, text, kind="search")) == ["i0", "i1", "i2", "i3"]
    text = "pin:\n  - {name: p, item: i9, for: {lists: search}}\n"
    assert names(ask(tmp_path, text, kind="search"))[0] == "i9"
    assert names(ask(tmp_path, text))[0] == "i0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pin:\n  - {name: a, item: i99}\n", "'pin[0].item': unknown item 'i99'"),
        ("ban:\n  - {name: a, items: [i1, x]}\n", "'ban[0].items': unknown item 'x': it has no"),
        ("ban:\n  - {name: a, brands: acmee}\n", "unknown brand 'acmee': did you mean 'acme'?"),
        ("cap:\n  - {name: a, by: category, at_most: 1, names: pan}\n", "did you mean 'pans'?"),
        (
            "pin:\n  - {name: a, item: i1, for: {likes: caps}}\n",
            "'pin[0].for.likes': unknown categ",
        ),
        ("ban:\n  - {name: a, brands: acme, items: i1}\n", "no product meets its conditions"),
        ("ban:\n  - {name: a, price_above: 99}\n", "no product meets its conditions"),
        (
            "pin:\n  - {name: a, item: i3}\nban:\n  - {name: b, brands: acme}\n",
            "line 2, field 'pin[0]': 'b' bans the item: take one of the two rules out",
        ),
        (
            "pin:\n  - {name: a, item: i0}\n  - {name: b, item: i3, position: 2}\n"
            "  - {name: c, item: i4, position: 3}\ncap:\n  - {name: one, by: brand, at_most: 1}\n",
            "line 3, field 'pin[1]': 'one' lets only 1 of such items in, and other pins have",
        ),
        ("stock:\n  - {name: a, file: none.csv}\n", "'stock[0].file': there is no file"),
        ("stock:\n  - {name: a, file: bad.csv}\n", "line 3, field 'stock': 'few' is not a number"),
        ("stock:\n  - {name: a, file: bad.csv, column: stck}\n", "did you mean 'stock'?"),
        ("stock:\n  - {name: a, file: twice.csv}\n", "has item_id 'i1' twice"),
        ("margin:\n  - {name: a, file: others.csv, weight: 0.1}\n", "has none of the items"),
    ],
)
def test_what_the_version_does_not_have_is_an_error(tmp_path, text, said):
    (tmp_path / "bad.csv").write_text("item_id,stock\ni1,1\ni2,few\n")
    (tmp_path / "twice.csv").write_text("item_id,stock\ni1,1\ni1,0\n")
    (tmp_path / "others.csv").write_text("item_id,margin\nx1,1\n")
    with pytest.raises(RulesError) as error:
        TEN.rules(tmp_path, text)
    assert said in str(error.value)


def test_deeper_candidates_fill_a_list(tmp_path):
    shelf = Shelf(np.arange(5000, 0, -1.0))
    found = ask(tmp_path, "ban:\n  - {name: cheap, price_below: 4000}\n", n=10, shelf=shelf)
    assert names(found) == [f"i{n}" for n in range(4000, 4010)]
    assert shelf.asked[0] == 200


def rules_text():
    """Random rules over a shelf of at least 20 items."""
    pin = st.tuples(st.integers(0, 19), st.integers(1, 12))
    return st.fixed_dictionaries(
        {
            "banned": st.sets(st.integers(20, 40), max_size=8),
            "pins": st.lists(pin, max_size=3, unique_by=(lambda p: p[0], lambda p: p[1])),
            "cap": st.integers(1, 4) | st.none(),
            "boosted": st.sampled_from([None, *CATEGORIES]),
            "variants": st.booleans(),
        }
    )


ALL = "for: {{max_history: {}}}"
"""Holds for all lists of the test, and differs from rule to rule."""
NOBODY = Asked("user", history=np.array([], dtype=np.int64))


def written(drawn):
    lines = ["ban:", *(f"  - {{name: b{i}, items: i{i}}}" for i in drawn["banned"])]
    lines += [
        "pin:",
        *(
            f"  - {{name: p{i}, item: i{i}, position: {p}, {ALL.format(100 + p)}}}"
            for i, p in drawn["pins"]
        ),
    ]
    if drawn["cap"]:
        lines += ["cap:", f"  - {{name: cap, by: brand, at_most: {drawn['cap']}}}"]
    if drawn["boosted"]:
        lines += ["boost:", f"  - {{name: up, categories: {drawn['boosted']}, factor: 3}}"]
    if drawn["variants"]:
        lines += ["variants:", "  - {name: one}"]
    return "\n".join(lines)


@given(
    scores=st.lists(st.floats(-1, 1, width=16), min_size=41, max_size=320),
    drawn=rules_text(),
    n=st.integers(1, 30),
)
def test_whatever_the_rules_they_hold_and_lists_are_full(tmp_path_factory, scores, drawn, n):
    shelf = Shelf(np.array(scores))
    rules = shelf.rules(tmp_path_factory.mktemp("r"), written(drawn))
    found, longer = (shelf.list_of(rules, size, NOBODY) for size in (n, n + 5))
    rows, left = found.rows.tolist(), len(shelf) - len(drawn["banned"])
    assert len(set(rows)) == len(rows)
    assert not set(rows) & drawn["banned"]
    brands = np.bincount(found.rows % len(BRANDS), minlength=len(BRANDS))
    groups = shelf.groups[rows]
    if drawn["cap"]:
        assert brands.max() <= drawn["cap"]
    if drawn["variants"]:
        assert len(set(groups)) == len(rows)
    if not (drawn["cap"] or drawn["variants"]):
        assert len(rows) == min(n, left)
        for item, position in drawn["pins"]:
            assert (item in rows[position - 1 : position]) == (position <= n)
    if len(rows) < n:  # every other item is one that a rule does not let in
        for row in set(range(len(shelf))) - set(rows) - drawn["banned"]:
            full = drawn["cap"] and brands[row % len(BRANDS)] == drawn["cap"]
            assert full or (drawn["variants"] and row // 2 in groups)
    assert longer.rows[: len(rows)].tolist() == rows


@given(scores=st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=320), n=st.integers(1, 30))
def test_rules_that_are_not_in_force_change_nothing(tmp_path_factory, scores, n):
    shelf = Shelf(np.array(scores))
    rules = shelf.rules(
        tmp_path_factory.mktemp("r"), "ban:\n  - {name: b, items: i0, until: 2020-01-01}\n"
    )
    found = shelf.list_of(rules, n)
    assert found.rows.tolist() == shelf.order[:n].tolist()
    assert found.scores.tolist() == shelf.scores[shelf.order[:n]].tolist()
    assert found.rules == [None] * len(found.rows)
    assert found.left_out == []
