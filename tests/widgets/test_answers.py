"""The questions of the panels: plain functions that return tables."""

import numpy as np
import pytest

from recsys_lib import Recommender
from recsys_lib.errors import UnknownItemError
from recsys_lib.widgets import (
    catalogue_map,
    comparison,
    similar,
    status,
    what_if,
    word_search,
)
from recsys_lib.widgets.cards import BADGES
from recsys_lib.widgets.comparison import Setting
from recsys_lib.widgets.suggestions import Question


@pytest.fixture(scope="module")
def item(served):
    return served.example_items(1)[0]


@pytest.fixture(scope="module")
def without_ratings(served):
    return Recommender(served.dataset, None, served.product_search, "v1")


@pytest.fixture(scope="module")
def without_products(served):
    return Recommender(served.dataset, served.als, None, "v1")


# Similar


def test_three_ways_side_by_side(served, item):
    found, problems = similar.similar(served, item, 5)
    assert problems == {}
    assert found["by"].value_counts().to_dict() == {"als": 5, "text": 5, "blend": 5}
    for by in ("als", "text", "blend"):
        mine = found[found["by"] == by]["item_id"].tolist()
        assert mine == served.similar_items(item, 5, by=by)["item_id"].tolist()


def test_products_of_several_ways_are_marked(served, item):
    found, _ = similar.similar(served, item, 30)
    ways = found.groupby("item_id")["by"].nunique()
    assert ways.max() > 1
    for row in found.itertuples():
        assert len(row.badges) == ways[row.item_id] - 1


def test_a_way_that_knows_nothing_says_so(served):
    cold = next(i for i in served.items.ids.ids() if i not in served.als.items)
    found, problems = similar.similar(served, cold, 5)
    assert set(problems) == {"als"}
    assert "Nobody took it" in problems["als"]
    assert set(found["by"]) == {"text", "blend"}


def test_an_unknown_product_is_an_error(served):
    with pytest.raises(UnknownItemError):
        similar.similar(served, "nowhere", 5)


# For a user


def test_a_history_has_dates_and_stars_and_the_newest_first(served, person):
    from recsys_lib.widgets.person import history

    taken = history(served, person)
    als = served.require_als()
    row = als.users.row(person)
    assert set(taken["item_id"]) == set(als.items.ids(als.history(row)))
    assert taken["date"].is_monotonic_decreasing
    assert taken["rating"].between(1, 5).all()


def test_a_history_without_a_database(evaluated, person):
    from recsys_lib.widgets.person import history

    taken = history(evaluated, person)
    assert len(taken) >= 4
    assert set(taken["date"]) == {""}


def test_every_recommendation_has_a_reason(served, without_products, person):
    from recsys_lib.widgets.person import recommended

    for recommender in (served, without_products):
        answer = recommended(recommender, person, 5, "exclude")
        assert answer["reason"].str.len().gt(5).all()


# What if


def test_a_change_is_marked(served):
    items = served.example_items(4)
    before = what_if.recommended_for(served, items[:1], 10)
    after = what_if.recommended_for(served, items[:2], 10, before)
    new = [item not in set(before["item_id"]) for item in after["item_id"]]
    assert [badges == ["new"] for badges in after[BADGES]] == new
    assert before["item_id"].tolist() != after["item_id"].tolist()
    same = what_if.recommended_for(served, items[:2], 10, after)
    assert all(badges == [] for badges in same[BADGES])


def test_moves_are_counted():
    assert what_if._moved(3, 1) == ["up 2"]
    assert what_if._moved(1, 2) == ["down 1"]


# Search


def test_a_correction_is_said_and_the_words_are_marked(served):
    found = word_search.find(served, "dryr filters", 5)
    assert found.corrections == {"dryr": "dryer"}
    assert found.seconds > 0
    pieces = word_search.marked(served, "dryr filters", "A Filter, for dryers (8 pack)")
    assert [text for text, marked in pieces if marked] == ["Filter", "dryers"]
    assert "".join(text for text, _ in pieces) == "A Filter, for dryers (8 pack)"


def test_meaning_alone_corrects_nothing(served):
    assert word_search.find(served, "dryr filters", 5, "semantic").corrections == {}


# Compare


def test_both_answers_and_what_they_have_in_common(served, item):
    question = Question("product", item)
    one = comparison.answer(served, question, Setting("text"), 10)
    other = comparison.answer(served, question, Setting("text"), 5)
    both = comparison.compared(one, other)
    marked = both[both["side"] == "A"][BADGES]
    assert [bool(badges) for badges in marked] == [True] * 5 + [False] * 5
    assert marked.iloc[1] == ["place 2 in B"]


def test_weights_of_meaning(served):
    question = Question("words", "water filter")
    by_words = comparison.answer(served, question, Setting("hybrid", 0.0), 10)
    by_meaning = comparison.answer(served, question, Setting("hybrid", 1.0), 10)
    assert by_words["item_id"].tolist() != by_meaning["item_id"].tolist()
    usual = comparison.answer(
        served, question, Setting("hybrid", served.product_search.semantic_weight), 10
    )
    assert (
        usual["item_id"].tolist()
        == served.search("water filter", mode="hybrid")["item_id"].tolist()
    )


def test_choices_are_those_that_the_parts_allow(served, without_ratings, without_products):
    assert list(comparison.choices(served, "product")) == ["als", "text", "blend"]
    assert list(comparison.choices(without_ratings, "product")) == ["text"]
    assert comparison.choices(without_ratings, "person") == {}
    assert comparison.choices(without_products, "words") == {}


# Map


@pytest.mark.parametrize("of", ["text", "likes"])
def test_the_map_spreads_products_over_the_whole_picture(served, of):
    found = catalogue_map.catalogue_map(served, of)
    for axis in ("x", "y"):
        assert found[axis].min() == pytest.approx(0)
        assert found[axis].max() == pytest.approx(1)
    assert found["item_id"].is_unique
    assert found["category"].nunique() > 2


def test_the_map_shows_the_main_direction():
    rng = np.random.default_rng(0)
    along = rng.normal(size=300)
    vectors = np.column_stack([0.1 * rng.normal(size=300), 5 * along, 0.2 * rng.normal(size=300)])
    places = catalogue_map._main_directions(vectors)
    assert abs(np.corrcoef(places[:, 0], along)[0, 1]) > 0.99


def test_a_large_catalogue_is_sampled(served, monkeypatch):
    monkeypatch.setattr(catalogue_map, "MOST_ITEMS", 7)
    found = catalogue_map.catalogue_map(served)
    assert len(found) == 7
    assert found.equals(catalogue_map.catalogue_map(served))


# Status


def test_status_in_sentences(served, without_ratings, without_products):
    assert "ratings by" in status.sentences(served)[0]
    assert any("no ratings" in text for text in status.sentences(without_ratings))
    assert any("no search index" in text for text in status.sentences(without_products))


def test_versions_say_which_one_is_served(shop):
    (row,) = status.versions(shop).to_dict("records")
    assert (row["version"], row["served"], row["parts"]) == ("v1", "served", "als, search")
    assert status.runs(shop).empty
