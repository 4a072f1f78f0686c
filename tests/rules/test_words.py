"""Rules in words."""

from datetime import date

import numpy as np

from recsys_lib.rules import in_words
from tests.support.shelf import Shelf

TEXT = """
pin:
  - {name: p, item: i3, position: 2, from: 2026-02-01, for: {min_history: 2, max_history: 5}}
  - {name: gone, item: i1}
ban:
  - {name: b, brands: [acme, bolt], price_below: 5}
boost:
  - {name: f, items: [i2, i4], factor: 1.5, until: 2026-01-31, for: {likes: pans}}
stock:
  - {name: s, file: s.csv, unlisted: keep}
cap:
  - {name: c, by: category, names: [pots, lids], at_most: 2, for: {lists: similar, category: cups}}
variants:
  - {name: v}
margin:
  - {name: m, file: s.csv, column: stock, weight: 0.25, for: {users: [ann, bob]}}
"""


def test_each_kind_says_what_it_does_to_how_many_and_when(tmp_path):
    (tmp_path / "s.csv").write_text("item_id,stock\ni0,1\ni1,0\n")
    shelf = Shelf(np.arange(12, 0, -1.0))
    shelf_rules = TEXT.replace("{name: b, brands: [acme, bolt]", "{name: b, brands: [bolt, cord]")
    shelf_rules = shelf_rules.replace("item: i3", "item: i9")
    shelf_rules = shelf_rules.replace("price_below: 5", "price_above: 9")
    table = in_words(shelf.rules(tmp_path, shelf_rules), str.upper, date(2026, 2, 1))
    rows = table.set_index("rule")
    people = "users, histories, similar items"
    assert rows.loc["p", "in words"] == "puts I9 at place 2"
    assert rows.loc["p", "lists"] == f"{people}; histories of at least 2; histories of at most 5"
    assert rows.loc["gone", "state"] == "out of stock by 's', so in no list"
    assert rows.loc["b", "in words"] == (
        "leaves out products of brands bolt or cord and with a price above 9"
    )
    assert rows.loc["b", "lists"] == "all"
    assert rows.loc["f", "state"] == "over since 2026-01-31"
    assert rows.loc["f", "in words"].endswith("by 1.5 of products with the ids i2, i4")
    assert rows.loc["s", "in words"].endswith("; 10 that it does not name are kept")
    assert rows.loc["c", "in words"] == "lists at most 2 of one category: pots or lids"
    assert rows.loc["c", "lists"] == "similar items; questions about cups"
    assert rows.loc["m", "in words"] == "lets stock of s.csv count with 25% beside the score"
    assert rows.loc["m", "lists"] == f"{people}; 2 named users"
    assert rows["products"].to_dict() == {
        "p": 1, "gone": 1, "b": 2, "f": 2, "s": 1, "c": 6, "v": 12, "m": 2,
    }  # fmt: skip
