"""Filters, exclusions, variety and variants mean the same for every kind of list."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from recsys_lib import Recommender
from recsys_lib.columns import Answers
from recsys_lib.errors import NotTrainedError, QueryError, QueryTypeError
from recsys_lib.serving._variety import ByKind, ByText, varied
from recsys_lib.serving.export import FOR_ITEMS, FOR_USERS, Export
from recsys_lib.serving.export._variants import first_of_groups
from tests.support.boutique import COLD, MUG, PAN, SHIRT, catalogue, interactions

PRODUCTS = {
    row[0]: row
    for row in catalogue().select("parent_asin", "main_category", "price", "store").rows()
}
SHIRTS = {item for item, row in PRODUCTS.items() if row[1] == SHIRT}
QUESTIONS = {
    "user": lambda r, n, **wishes: r.recommend("u0", n, **wishes),
    "history": lambda r, n, **wishes: r.recommend_for_history(["i1", "i4"], n, **wishes),
    "similar": lambda r, n, **wishes: r.similar_items("i2", n, by="als", **wishes),
    "text": lambda r, n, **wishes: r.similar_items("i2", n, by="text", **wishes),
    "search": lambda r, n, **wishes: r.search("frying pan", n, **wishes),
    "semantic": lambda r, n, **wishes: r.search("frying pan", n, mode="semantic", **wishes),
}


@pytest.fixture(params=QUESTIONS)
def ask(request, boutique):
    return lambda n=100, **wishes: QUESTIONS[request.param](boutique, n, **wishes)


def ids(answer):
    return answer["item_id"].tolist()


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ({"category": "kitchen"}, lambda row: row[1] == PAN),
        ({"min_price": 5, "max_price": 25}, lambda row: 5 <= row[2] <= 25),
        ({"store": "bolt"}, lambda row: row[3] == "Bolt"),
        ({"brand": "acme", "category": MUG}, lambda row: row[3] == "Acme" and row[1] == MUG),
        ({"in_stock": True}, lambda row: row[2] // 3 % 2 == 1 and row[0] not in COLD),
        ({"with_reviews": True}, lambda row: row[0] not in COLD),
        ({"min_rating": 3.5}, lambda row: row[2] <= 12),
    ],
)
def test_a_filtered_list_is_the_whole_list_without_the_others(ask, filters, passes):
    """The filter acts before the best are taken: five pass, so five come."""
    whole = ask(group_variants=False)
    kept = [item for item in ids(whole) if passes(PRODUCTS[item])]
    assert ids(ask(filters=filters, group_variants=False)) == kept
    assert ids(ask(3, filters=filters, group_variants=False)) == kept[:3]


def test_what_is_excluded_is_replaced_by_the_next(ask):
    whole = ids(ask())
    without = ask(
        len(whole) - 2, exclude=[whole[0], whole[2], "no such item"], group_variants=False
    )
    assert not {whole[0], whole[2]} & set(ids(without))
    expected = ids(ask(group_variants=False))
    expected = [item for item in expected if item not in (whole[0], whole[2])]
    assert ids(without) == expected[: len(whole) - 2]


def test_all_sizes_of_a_shirt_take_one_row(ask):
    alone, grouped = ask(group_variants=False), ask(group_variants=True)
    shirts = [item for item in ids(alone) if item in SHIRTS]
    assert "variants" not in alone
    assert list(grouped)[-1] == Answers.VARIANTS
    if not shirts:
        return
    first = shirts[0]
    assert ids(grouped) == [item for item in ids(alone) if item not in shirts[1:]]
    row = grouped.set_index("item_id").loc[first]
    assert set(row["variants"]) >= set(shirts[1:])
    assert set(row["variants"]) <= SHIRTS - {first}
    assert all(
        not v for item, v in grouped.set_index("item_id")["variants"].items() if item != first
    )
    assert ids(ask(4, group_variants=True)) == ids(grouped)[:4]


def test_variants_that_do_not_pass_are_not_named(boutique):
    answer = boutique.recommend("u1", 30, filters={"max_price": 9}, exclude=["i3"])
    (row,) = [v for item, v in zip(ids(answer), answer["variants"], strict=True) if item in SHIRTS]
    shown = {item for item in ids(answer) if item in SHIRTS} | set(row)
    assert shown == {"i0", "i6", "i9"}


def test_variety_keeps_the_best_and_the_beginning(ask):
    plain, some = ask(), ask(diversity=0.5)
    assert ids(some)[0] == ids(plain)[0]
    assert set(ids(some)) == set(ids(plain))
    assert ids(ask(5, diversity=0.5)) == ids(some)[:5]
    assert ids(ask(diversity=0.0)) == ids(plain)


def test_more_variety_shows_more_kinds(boutique):
    def kinds(diversity):
        answer = boutique.search("coffee mug", 5, mode="semantic", diversity=diversity)
        return len({PRODUCTS[item][1] for item in ids(answer)})

    assert kinds(0) == 1
    assert kinds(1) == 3


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"filters": {"category": "Spaceships"}}, "no product has the category 'Spaceships'"),
        ({"filters": {"max_prize": 3}}, "unknown field 'max_prize': did you mean 'max_price'"),
        ({"exclude": "i1"}, r"exclude must be a list of item ids.*write \['i1'\]"),
        ({"exclude": [5]}, r"exclude\[0\] must be one id"),
        ({"exclude": None}, "exclude must be a list"),
        ({"diversity": 1.5}, "diversity must be a number from 0 to 1, got 1.5"),
        ({"diversity": float("nan")}, "diversity must be a number from 0 to 1"),
        ({"diversity": "much"}, "diversity must be a number from 0 to 1, got 'much'"),
        ({"group_variants": 1}, "group_variants must be True or False"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named(ask, wishes, says):
    with pytest.raises(QueryError, match=says):
        ask(3, **wishes)


def test_exclude_takes_a_set_which_needs_no_order(boutique):
    assert "i1" not in ids(boutique.recommend("u0", 50, exclude={"i1"}))
    with pytest.raises(QueryTypeError):
        boutique.recommend("u0", exclude=5)


def test_filters_that_need_the_catalogue_say_so_without_it(boutiques, tmp_path):
    known = boutiques["als"]
    bare = Recommender(known.dataset, known.als, None)
    assert set(ids(bare.recommend("u0", 50, filters={"min_rating": 3.5}))) <= {
        f"i{n}" for n in range(13)
    }
    with pytest.raises(NotTrainedError, match="filters on category need the search index"):
        bare.recommend("u0", filters={"category": MUG})
    with pytest.raises(NotTrainedError, match="the search index is not built"):
        bare.recommend("u0", diversity=0.5)
    assert bare.recommend("u0", 3)["variants"].tolist() == [[], [], []]


def test_where_all_ratings_are_alike_there_is_no_mean(boutiques):
    known = boutiques["als"]
    alike = replace(known.als, mean_ratings=None)
    models = Recommender(known.dataset, alike, known.product_search)
    with pytest.raises(QueryError, match="min_rating: the data have no average rating"):
        models.recommend("u0", filters={"min_rating": 3})
    assert interactions().mean_ratings()[8] == 4.0


def test_an_export_has_the_same_rows(boutique, tmp_path):
    folder = boutique.dataset.version(boutique.version)
    Export(boutique.dataset, folder, 6, tmp_path).run("both", Console(quiet=True))
    users = pl.read_parquet(tmp_path / FOR_USERS).partition_by("user_id", as_dict=True)
    for user in boutique.example_users(9):
        answer = boutique.recommend(user, 6)
        np.testing.assert_allclose(users[(user,)]["score"], answer["score"], rtol=1e-4, atol=1e-5)
        assert len(SHIRTS & set(users[(user,)]["item_id"])) <= 1
    items = pl.read_parquet(tmp_path / FOR_ITEMS).partition_by("item_id", as_dict=True)
    for item in ("i0", "i1", "i29"):
        answer = boutique.similar_items(item, 6, by="als")
        np.testing.assert_allclose(items[(item,)]["score"], answer["score"], rtol=1e-4, atol=1e-5)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_first_of_each_group_in_many_lists_at_once(groups, n):
    groups = np.array(groups)
    lists = np.array([np.arange(len(groups)), np.arange(len(groups))[::-1]], dtype=np.int32)
    lists[0, -1] = -1
    items, _ = first_of_groups(lists, lists.astype(np.float32), groups, n)
    for row, kept in zip(lists, items, strict=True):
        first = list({groups[item]: item for item in row[::-1] if item >= 0}.values())
        expected = [item for item in row if item in first and item >= 0][:n]
        assert kept.tolist() == expected + [-1] * (n - len(expected))


def test_variety_by_hand():
    """Two directions: the second item is like the first, so the third comes before it."""
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], dtype=np.float32)
    scores = np.array([1.0, 0.9, 0.5, 0.0])
    assert varied(scores, 0.0, 4, ByText(vectors)).tolist() == [0, 1, 2, 3]
    assert varied(scores, 0.5, 2, ByText(vectors)).tolist() == [0, 2]
    assert varied(scores[:0], 0.5, 3, ByText(vectors[:0])).tolist() == []
    assert varied(scores[:1], 1.0, 3, ByText(vectors[:1])).tolist() == [0]
    kinds = np.array([7, 7, 8, 7])
    assert varied(scores, 0.0, 4, ByKind(kinds)).tolist() == [0, 1, 2, 3]
    assert varied(scores, 0.5, 4, ByKind(kinds)).tolist() == [0, 2, 1, 3]


def test_without_several_categories_texts_make_the_variety(boutiques):
    """Of mugs alone the most different ones come; the category says nothing."""
    mugs = boutiques["als"].search("coffee mug", 10, filters={"category": MUG}, diversity=0.7)
    plain = boutiques["als"].search("coffee mug", 10, filters={"category": MUG})
    assert ids(mugs)[0] == ids(plain)[0]
    assert ids(mugs) != ids(plain)
