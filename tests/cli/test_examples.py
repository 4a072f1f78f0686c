"""Examples of what a version answers: who is chosen, and what is said of them."""

import numpy as np
import polars as pl
import pytest

from recsys_lib import Recommender
from recsys_lib.pipeline.execution._examples import ExampleProcess
from recsys_lib.serving.examples import examples, history, typical_users


@pytest.fixture(scope="module")
def recommender(shop_root):
    return Recommender.load(shop_root / "models" / "boutique" / "blend")


def taken(users, times):
    return pl.DataFrame({"user": users, "item": 0, "rating": 5.0, "timestamp": times})


def test_a_process_of_its_own_gives_the_examples_of_the_library(recommender, shop_root):
    process = ExampleProcess()
    process.start()
    version = shop_root / "models" / "boutique" / "blend"
    assert process.ask(version) == examples(recommender)


def test_people_get_what_they_would_be_recommended(recommender):
    people = examples(recommender)["people"]
    assert len({person["user_id"] for person in people}) == 3
    for person in people:
        expected = recommender.recommend(person["user_id"], n=5)
        shown = person["recommendations"]
        assert [row["item_id"] for row in shown] == expected["item_id"].tolist()
        assert [row["reason"] for row in shown] == expected["reason"].tolist()
        assert person["n_items"] == len(recommender.als.history(0))
        assert [row["date"] for row in person["history"]] == [None] * 5


def test_the_last_to_come_are_chosen_whatever_the_order_of_the_rows(recommender):
    users = np.arange(len(recommender.als.users))
    rows = taken(users, users * 10**9)
    newest = list(recommender.als.users.ids(users[-3:][::-1]))
    for shuffled in (rows, rows.reverse(), rows.sample(fraction=1, shuffle=True, seed=1)):
        assert typical_users(recommender, shuffled, 3) == newest


def test_people_of_the_same_moment_are_chosen_by_no_order(recommender):
    users = np.arange(len(recommender.als.users))
    chosen = typical_users(recommender, taken(users, users * 0), 3)
    assert typical_users(recommender, taken(users[::-1], users * 0), 3) == chosen
    assert chosen != list(recommender.als.users.ids(users[:3]))


def test_a_history_starts_with_the_newest(recommender):
    rows = pl.DataFrame(
        {"user": 0, "item": [0, 1, 2], "rating": 4.0, "timestamp": [10**12, 3 * 10**12, 0]}
    )
    told = history(recommender, recommender.als.users.ids([0])[0], 2, rows)
    assert told["n_items"] == 3
    assert [(row["item_id"], row["date"]) for row in told["history"]] == [
        (str(recommender.als.items.ids([1])[0]), "2065-01-24"),
        (str(recommender.als.items.ids([0])[0]), "2001-09-09"),
    ]


def test_a_catalogue_alone_is_searched_for_its_largest_category(recommender):
    alone = Recommender(recommender.dataset, None, recommender.product_search, "v1")
    (search,) = examples(alone)["searches"]
    assert search["query"] == "clothing"
    assert len(search["results"]) == 5


def test_examples_come_without_products_and_without_a_blend(recommender):
    bare = Recommender(recommender.dataset, recommender.als, None, "v1")
    person = examples(bare)["people"][0]
    assert {row["reason"] for row in person["recommendations"]} == {None}
