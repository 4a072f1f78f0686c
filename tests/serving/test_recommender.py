import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from recsys_lib import Recommender
from recsys_lib.columns import Answers
from recsys_lib.data.database import read_products
from recsys_lib.errors import (
    NotTrainedError,
    ParameterError,
    QueryError,
    UnknownItemError,
    UnknownUserError,
)
from recsys_lib.ids import IdMap
from recsys_lib.paths import Dataset


@pytest.fixture(scope="module")
def recommender(shop):
    return Recommender.load(shop.version("v1"))


@pytest.fixture(scope="module")
def cold(shop, shop_interactions):
    """A product of the catalogue that nobody rated."""
    products = read_products(shop.database)
    known = products.filter(~products["parent_asin"].is_in(list(shop_interactions.items.ids())))
    return known["parent_asin"][0]


def check(answer, n, source):
    """What holds for every answer."""
    assert list(answer.columns) in (
        [*Answers.ALL],
        [*Answers.ALL, "variants"],
        [*Answers.ALL, "far"],
    )
    assert len(answer) <= n
    assert answer["rank"].tolist() == list(range(1, len(answer) + 1))
    assert answer["item_id"].is_unique
    assert set(answer["source"]) <= {source}
    assert np.isfinite(answer["score"]).all()
    assert (answer["score"].abs() < 1e3).all(), "a sentinel, not a score"
    assert (answer["score"].diff().dropna() <= 1e-6).all()


def test_similar_items(recommender):
    item = recommender.example_items(1)[0]
    answer = recommender.similar_items(item, 7)
    check(answer, 7, "als")
    assert len(answer) == 7
    assert item not in set(answer["item_id"])
    assert set(answer["query"]) == {item}


def test_a_product_without_ratings_falls_back_to_its_text(recommender, cold):
    answer = recommender.similar_items(cold, 5)
    check(answer, 5, "semantic")
    assert len(answer) == 5
    assert cold not in set(answer["item_id"])


def test_recommend_leaves_out_what_the_user_has(recommender, shop_interactions):
    user = recommender.example_users(1)[0]
    has = set(
        shop_interactions.items.ids(
            shop_interactions.item[shop_interactions.user == shop_interactions.users.row(user)]
        )
    )
    everything = len(shop_interactions.items)
    answer = recommender.recommend(user, everything)
    check(answer, everything, "als")
    assert not has & set(answer["item_id"])
    assert len(answer) == everything - len(has)
    unfiltered = recommender.recommend(user, everything, filter_already_liked=False)
    assert has < set(unfiltered["item_id"])


def test_a_history_is_enough(recommender):
    history = recommender.example_items(2)
    answer = recommender.recommend_for_history(history, 10)
    check(answer, 10, "als")
    assert not set(history) & set(answer["item_id"])


def test_a_history_of_cold_products_is_answered_by_text(recommender, cold):
    answer = recommender.recommend_for_history([cold], 4)
    check(answer, 4, "semantic")
    assert len(answer) == 4
    assert cold not in set(answer["item_id"])


def test_a_mixed_history_never_returns_itself(recommender, cold):
    history = [recommender.example_items(1)[0], cold]
    assert not set(history) & set(recommender.recommend_for_history(history, 20)["item_id"])


def test_a_known_user_and_their_history_get_the_same_list(recommender, shop_interactions):
    """Fold-in solves for the same vector when all ratings are alike."""
    model = recommender.als.model
    row = int(np.argmax(np.bincount(shop_interactions.user)))
    solved = model.recalculate_user(row, recommender.als.user_items[row])
    served = recommender.als.user_vector(row)
    assert np.allclose(solved, served, rtol=1e-4)


@pytest.mark.parametrize("mode", [None, "hybrid", "semantic", "lexical"])
def test_search_says_how_it_found(recommender, mode):
    answer = recommender.search("washing machine", 5, mode=mode)
    check(answer, 5, mode or "hybrid")
    assert any("wash" in title.lower() for title in answer["title"])
    assert answer["image_url"].str.startswith("data:image/").any()


def test_search_filters(recommender, shop):
    products = read_products(shop.database)
    cheap = set(products.filter(products["price"] <= 20)["parent_asin"])
    answer = recommender.search("filter", 10, filters={"max_price": 20})
    check(answer, 10, "hybrid")
    assert len(answer) == 10
    assert set(answer["item_id"]) <= cheap
    with pytest.raises(ValueError, match="no product has the category"):
        recommender.search("filter", filters={"category": "Spaceships"})


def test_unknown_ids_are_key_errors_that_say_what_is_unknown(recommender):
    with pytest.raises(UnknownItemError, match="'nope'") as caught:
        recommender.similar_items("nope")
    assert isinstance(caught.value, KeyError)
    with pytest.raises(UnknownUserError, match="recommend_for_history"):
        recommender.recommend("nobody")
    with pytest.raises(UnknownItemError):
        recommender.recommend_for_history([recommender.example_items(1)[0], "nope"])


@pytest.mark.parametrize("n", [0, -1])
def test_n_must_be_positive(recommender, n):
    with pytest.raises(ValueError, match="at least 1"):
        recommender.similar_items(recommender.example_items(1)[0], n)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("recommend", ["a"]), r"user_id must be one id.*\['a'\].*call recommend_for_history"),
        (("similar_items", ["a"]), "item_id must be one id.*call recommend_for_history"),
        (("similar_items", {"a"}), "item_id must be one id"),
        (("recommend", 5), "user_id must be one id, a text, got 5 .int.: .*write '5'"),
        (("recommend", None), "user_id must be one id, a text, got None"),
        (("recommend_for_history", "a"), r"item_ids must be a list.*write \['a'\]"),
        (("recommend_for_history", {"a"}), "oldest first.*a set has no order"),
        (("recommend_for_history", {"a": 1}), "item_ids must be a list of item ids, oldest first"),
        (("recommend_for_history", pd.DataFrame({"a": ["x"]})), "give the column with the ids"),
        (("recommend", b"5"), "write '5'"),
        (("recommend", 5.0), "write '5'"),
        (("recommend", np.int64(5)), "write '5'"),
        (("recommend_for_history", None), "item_ids must be a list"),
        (("recommend_for_history", ["a", 7]), r"item_ids\[1\] must be one id.*write '7'"),
        (("search", 7), "query must be a text, got 7"),
        (("search", "belt", 2.5), "top_k must be a whole number, got 2.5"),
        (("recommend", "u", "10"), "n must be a whole number, got '10'"),
    ],
)
def test_an_argument_of_another_type_is_named(recommender, call, says):
    name, *arguments = call
    with pytest.raises(QueryError, match=says):
        getattr(recommender, name)(*arguments)


@pytest.mark.parametrize("kind", [tuple, np.array, pd.Series, pl.Series, iter, dict.fromkeys])
def test_a_history_may_be_anything_in_an_order(recommender, evaluated, kind):
    for model in (recommender, evaluated):
        history = model.example_items(2)
        expected = model.recommend_for_history(history, 5)
        given = kind(history)
        given = given.keys() if isinstance(given, dict) else given
        assert model.recommend_for_history(given, 5).equals(expected)
        assert not set(history) & set(expected["item_id"])


def test_of_a_repeated_item_the_newest_place_counts(recommender, evaluated, cold):
    for model in (recommender, evaluated):
        one, two = model.example_items(2)
        expected = model.recommend_for_history([two, one], 5)
        assert model.recommend_for_history([one, two, one, one], 5).equals(expected)
    by_text = recommender.recommend_for_history([cold], 5)
    assert recommender.recommend_for_history([cold, cold], 5).equals(by_text)


def test_a_number_that_is_an_id_in_text_is_suggested(tmp_path):
    als = SimpleNamespace(
        items=IdMap(["5", "B07g"]),
        users=IdMap(["7", "Ann"]),
        display=pl.DataFrame({"id": ["5", "B07g"], "title": ["x", "y"], "image_url": ["", ""]}),
    )
    recommender = Recommender(Dataset("shop", tmp_path, tmp_path), als, None)
    for value in (5, 5.0, np.int32(5), np.float64(5), b"5"):
        with pytest.raises(TypeError, match=r"item_id must be one id.*did you mean '5'\?"):
            recommender.similar_items(value)
        with pytest.raises(QueryError, match=r"item_ids\[0\].*did you mean '5'\?"):
            recommender.recommend_for_history([value])
    with pytest.raises(QueryError, match=r"user_id.*did you mean '7'\?"):
        recommender.recommend(7)
    for spelling in ("b07G", " B07g "):
        with pytest.raises(UnknownItemError, match=r"did you mean 'B07g'\?"):
            recommender.similar_items(spelling)
        with pytest.raises(UnknownItemError, match=r"did you mean 'B07g'\?"):
            recommender.recommend_for_history([spelling])
    with pytest.raises(UnknownUserError, match=r"did you mean 'Ann'\?"):
        recommender.recommend("ANN")


HALF = "\ud800"  # half a character: a surrogate without the other one


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda r: r.item(HALF), "item_id has half a character"),
        (lambda r: r.recommend(HALF), "user_id has half a character"),
        (lambda r: r.recommend_for_history([HALF]), r"item_ids\[0\] has half a character"),
        (lambda r: r.recommend("u", exclude=[HALF]), r"exclude\[0\] has half a character"),
        (lambda r: r.search("water " + HALF), "query has half a character"),
        (lambda r: r.find_items(5), r"words must be a text, got 5 \(int\)"),
        (lambda r: r.find_items("water", -1), "limit must be at least 0"),
        (lambda r: r.example_users(-1), "n must be at least 0"),
        (lambda r: r.example_items("2"), "n must be a whole number"),
        (
            lambda r: r.recommend(r.example_users(1)[0], 3, "no"),
            "filter_already_liked must be True",
        ),
        (lambda r: r.recommend(r.example_users(1)[0], repeats=""), "repeats must be exclude or"),
        (lambda r: r.recommend_for_history({"a": 1}), "give its keys as a list, oldest first"),
        (
            lambda r: r.recommend_for_history([["a"]]),
            r"item_ids\[0\] must be one id, a text, .*\)$",
        ),
        (lambda r: r.search("water", mode=""), "there is no search mode ''"),
        (lambda r: r.search("\u200b\x00"), "the query is empty"),
    ],
)
def test_a_bad_question_is_one_class_of_error(recommender, ask, says):
    with pytest.raises(QueryError, match=says):
        ask(recommender)


def test_a_book_is_no_query(recommender):
    with pytest.raises(QueryError, match="query has 10,001 characters: write at most 10,000"):
        recommender.search("x" * 10_001)


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"max_prize": 20}, "unknown field 'max_prize': did you mean 'max_price'"),
        ("cheap", "filters: "),
        ({"max_price": "cheap"}, "filters: max_price: "),
    ],
)
def test_a_filter_that_is_none_is_named(recommender, filters, says):
    with pytest.raises(QueryError, match=says):
        recommender.search("belt", filters=filters)


def test_an_empty_query_is_refused(recommender):
    with pytest.raises(QueryError, match="item_ids is empty"):
        recommender.recommend_for_history([])
    with pytest.raises(ValueError):
        recommender.search("  ")


def test_status_counts(recommender, shop_interactions):
    status = recommender.status()
    assert status["database"]["n_ratings"] == len(shop_interactions)
    assert 1 <= status["database"]["avg_rating"] <= 5
    assert status["matrix_factorization"] == {
        "status": "trained",
        "n_users": len(shop_interactions.users),
        "n_items": len(shop_interactions.items),
        "n_factors": 16,
    }
    assert status["similarity_search"]["embedding_dimension"] == 384


def test_find_items_needs_all_words(recommender):
    found = recommender.find_items("DRYER belt", 5)
    assert len(found) > 0
    assert all("dryer" in t.lower() and "belt" in t.lower() for t in found["title"])
    assert recommender.find_items("no such words at all").empty


def test_without_a_model_the_command_is_named(workspace):
    with pytest.raises(NotTrainedError, match=r"run_pipeline\.py --set dataset=sample"):
        Recommender.load()
    with pytest.raises(NotTrainedError):
        Recommender.load(workspace / "models" / "sample" / "v9")
    with pytest.raises(ParameterError, match="no dataset 'sampel': did you mean 'sample'"):
        Recommender.load(dataset="sampel")


def test_a_version_that_is_removed_is_still_answered_from(evaluated, cold, tmp_path):
    """Everything is opened at load: recsys clean may come before the first query."""
    folder = tmp_path / "models" / "sample-1000" / "v3"
    shutil.copytree(evaluated.dataset.version(evaluated.version), folder)
    opened = Recommender.load(folder, dataset=evaluated.dataset)
    shutil.rmtree(folder)
    item, user = evaluated.example_items(1)[0], evaluated.example_users(1)[0]
    for answer in (
        opened.similar_items(item, 3),
        opened.similar_items(cold, 3),
        opened.recommend(user, 3),
        opened.recommend_for_history([item], 3),
        opened.search("washing machine", 3),
        opened.search("washing machine", 3, mode="lexical"),
    ):
        assert len(answer) == 3
    assert opened.recommend(user, 3).equals(evaluated.recommend(user, 3))
    assert opened.status()["matrix_factorization"]["status"] == "trained"
    assert opened.status()["similarity_search"]["status"] == "trained"


def test_recommendations_from_several_sources_say_blend(evaluated):
    sources = set()
    for user in evaluated.example_users(30):
        sources |= set(evaluated.recommend(user, 20)["source"])
    assert sources <= {"als", "semantic", "popular", "blend"}
    assert "blend" in sources


def test_a_version_with_one_part_answers_what_it_can(shop, tmp_path):
    folder = tmp_path / "models" / "sample-1000" / "only-als"
    shutil.copytree(shop.version("v1") / "als", folder / "als")
    recommender = Recommender.load(folder)
    assert len(recommender.similar_items(recommender.example_items(1)[0], 3)) == 3
    with pytest.raises(NotTrainedError, match="index"):
        recommender.search("belt")
    assert recommender.status()["similarity_search"]["status"] == "not_trained"
