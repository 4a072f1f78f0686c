"""One box for words, slips, and ids in any case."""

import pytest

from recsys_lib.columns import Answers
from recsys_lib.widgets.suggestions import Question, example_people, question_of, suggestions


@pytest.fixture(scope="module")
def item(served):
    """A product with a title of several words."""
    titles = served.product_search.display
    return next(
        row for row in titles.iter_rows(named=True) if len((row["title"] or "").split()) > 3
    )


def test_the_empty_box_suggests_people_and_products(served):
    found = suggestions(served, " ")
    assert set(found["kind"]) == {"product", "person"}
    assert found["note"].str.startswith("person, ").sum() == 4


def test_an_id_in_any_case_and_its_beginning(served, item):
    for text in (item["id"], item["id"].lower(), item["id"][:-1].lower()):
        assert item["id"] in set(suggestions(served, text)["id"])


def test_people_by_the_beginning_of_their_id(served, person):
    found = suggestions(served, person[:8].lower())
    assert person in set(found[found["kind"] == "person"]["id"])


def test_a_half_typed_word_finds_titles(served):
    found = suggestions(served, "water fil")
    assert len(found) == 8
    assert found["label"].str.contains("water fil", case=False).any()


def test_slips_are_corrected(served):
    found = suggestions(served, "dryr bel")
    assert found["label"].str.contains("dryer", case=False).all()


def test_titles_with_most_ratings_come_first(served):
    found = suggestions(served, "filter")
    counts = dict(served.items.facets.select("id", "n_reviews").iter_rows())
    ratings = [counts[item] or 0 for item in found["id"]]
    assert ratings[0] == max(ratings)


def test_nothing_is_suggested_twice(served):
    for text in ("filter", "dryr bel", "b0"):
        assert suggestions(served, text)["id"].is_unique


@pytest.mark.parametrize("text", ["<script>", "'; DROP TABLE x", "%", "[a-z]", "\u200b", "-"])
def test_hostile_texts_are_words_like_others(served, text):
    assert set(suggestions(served, text)["kind"]) <= {"product", "person"}
    assert question_of(served, text) == Question("words", text.strip())


def test_what_a_sent_text_means(served, item, person):
    assert question_of(served, f" {item['id'].lower()} ") == Question("product", item["id"])
    assert question_of(served, person.lower()) == Question("person", person)
    assert question_of(served, "a water filter") == Question("words", "a water filter")


def test_examples_are_people_with_histories_that_fit_on_a_screen(served):
    als = served.require_als()
    lengths = [len(als.history(als.users.row(user))) for user in example_people(served, 5)]
    assert all(4 <= n <= 12 for n in lengths)


def test_pictures_come_with_suggestions(served):
    assert suggestions(served, "filter")[Answers.IMAGE].notna().any()
