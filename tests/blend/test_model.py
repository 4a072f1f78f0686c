"""Recommendations by the blend of a version."""

import shutil

import numpy as np
import pytest

from recsys_lib.blend import BlendWeights, LearnedBlend
from recsys_lib.blend.sources import ALS, POPULAR, SEQUENCE, TEXT, source_types
from recsys_lib.columns import Answers
from recsys_lib.data.database import read_products
from recsys_lib.errors import ArtifactError, QueryError, UnknownItemError

LABELS = {"als", "semantic", "blend", "popular"}


@pytest.fixture(scope="module")
def cold(shop, shop_interactions):
    """Products of the catalogue that no user rated."""
    products = read_products(shop.database)["parent_asin"]
    return [item for item in products if item not in shop_interactions.items]


def check(answer, n):
    """What holds for every recommendation."""
    assert list(answer.columns) == [*Answers.ALL, "reason", "variants"]
    assert len(answer) == n
    assert answer["rank"].tolist() == list(range(1, n + 1))
    assert answer["item_id"].is_unique
    assert set(answer["source"]) <= LABELS
    assert (answer["score"].diff().dropna() <= 1e-6).all()
    assert answer["title"].notna().any()


def test_a_known_user_gets_new_items_with_reasons_from_the_own_history(
    evaluated, shop_interactions
):
    for user in evaluated.example_users(3):
        rows = shop_interactions.item[shop_interactions.user == shop_interactions.users.row(user)]
        history = set(shop_interactions.items.ids(rows))
        answer = evaluated.recommend(user, 15)
        check(answer, 15)
        assert not history & set(answer["item_id"])
        names = {evaluated.blend.title(row) for row in evaluated.blend.items.rows(list(history))}
        for reason in answer["reason"]:
            start = next(s for s in ("because you bought ", "similar to ") if reason.startswith(s))
            assert reason.removeprefix(start) in names


def test_items_of_the_own_history_come_back_when_they_may(evaluated, shop_interactions):
    user = evaluated.example_users(1)[0]
    rows = shop_interactions.item[shop_interactions.user == shop_interactions.users.row(user)]
    everything = evaluated.recommend(user, 10_000, filter_already_liked=False)
    assert set(shop_interactions.items.ids(rows)) <= set(everything["item_id"])
    assert len(evaluated.recommend(user, 10_000)) == len(everything) - len(rows)
    again = evaluated.recommend(user, 10_000, repeats="only")
    assert set(again["item_id"]) == set(shop_interactions.items.ids(rows))
    with pytest.raises(QueryError, match="repeats must be exclude or allow or only"):
        evaluated.recommend(user, repeats="none")


def test_the_history_of_a_user_gets_what_the_user_gets(evaluated, shop_interactions):
    """Ratings are not known of a history, so the lists need not be equal, but close."""
    user = evaluated.example_users(1)[0]
    rows = shop_interactions.item[shop_interactions.user == shop_interactions.users.row(user)]
    history = list(shop_interactions.items.ids(rows))
    known, folded = evaluated.recommend(user, 10), evaluated.recommend_for_history(history, 10)
    check(folded, 10)
    assert len(set(known["item_id"]) & set(folded["item_id"])) >= 7


def test_the_order_of_a_history_matters(evaluated):
    first, second = evaluated.example_items(2)
    one = evaluated.recommend_for_history([first, second], 10)
    other = evaluated.recommend_for_history([second, first], 10)
    assert not np.allclose(one["score"], other["score"])


def test_one_purchase_is_enough(evaluated):
    item = evaluated.example_items(1)[0]
    answer = evaluated.recommend_for_history([item], 10)
    check(answer, 10)
    assert item not in set(answer["item_id"])


def test_a_stranger_sees_what_is_popular(evaluated, shop_interactions):
    answer = evaluated.recommend_for_history([], 5)
    check(answer, 5)
    assert set(answer["source"]) == {"popular"}
    assert set(answer["reason"]) <= {"popular", "popular lately"}
    counts = np.bincount(shop_interactions.item)
    assert counts[shop_interactions.items.rows(list(answer["item_id"]))].mean() > 3 * counts.mean()


def test_who_bought_only_what_nobody_else_has_gets_what_reads_alike(evaluated, cold):
    answer = evaluated.recommend_for_history(cold[:1], 10)
    check(answer, 10)
    assert (answer["source"] == "semantic").any()
    assert cold[0] not in set(answer["item_id"])


def test_products_nobody_has_yet_can_be_recommended(evaluated, shop_interactions, cold):
    answer = evaluated.recommend_for_history(evaluated.example_items(1), 10_000)
    everything = set(answer["item_id"])
    assert set(cold) <= everything
    assert len(everything) == len(shop_interactions.items) + len(cold) - 1


def test_unknown_items_are_refused(evaluated):
    with pytest.raises(UnknownItemError):
        evaluated.recommend_for_history(["nope"])
    with pytest.raises(ValueError, match="item id"):
        evaluated.recommend_for_history("not a list")


@pytest.mark.parametrize(
    ("source", "name"), [(ALS, "als"), (TEXT, "semantic"), (POPULAR, "popular")]
)
def test_a_single_source_is_named(shop, with_blend, shop_interactions, tmp_path, source, name):
    learned = LearnedBlend(BlendWeights.from_source(source, {}), source, {source: 0.5}, 60)
    folder = tmp_path / "models" / "sample-1000" / "v3"
    one = with_blend(folder, learned, shop_interactions)
    user = one.example_users(1)[0]
    assert one.recommend(user, 5)["source"].iloc[0] == name


def test_an_open_recommender_outlives_its_files(with_blend, shop_interactions, tmp_path):
    """All files are opened by ``load``, so ``recsys clean`` may remove them."""
    weights = BlendWeights(dict.fromkeys({*source_types()} - {SEQUENCE}, (1.0,) * 6), {})
    folder = tmp_path / "models" / "sample-1000" / "v5"
    open_one = with_blend(folder, LearnedBlend(weights, "blend", {}, 60), shop_interactions)
    shutil.rmtree(folder)
    check(open_one.recommend(open_one.example_users(1)[0], 5), 5)
    check(open_one.recommend_for_history(open_one.example_items(2), 5), 5)


def test_a_blend_of_other_items_is_refused(shop, with_blend, shop_interactions, tmp_path):
    fewer = shop_interactions.select(shop_interactions.item < 5)
    other = type(fewer)(
        fewer.users,
        type(fewer.items)(f"x{n}" for n in range(len(fewer.items))),
        fewer.user,
        fewer.item,
        fewer.rating,
        fewer.timestamp,
    )
    learned = LearnedBlend(BlendWeights.from_source(ALS, {}), ALS, {}, 0)
    with pytest.raises(ArtifactError, match="evaluate again"):
        with_blend(tmp_path / "models" / "sample-1000" / "v4", learned, other)
