"""The stored ALS part: what it holds, and what it answers."""

import shutil

import numpy as np
import polars as pl
import pytest

from recsys_lib.als import FoldIn, Penalty, train_als, write_als_part
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from tests.support.taste_world import stored, world

PARAMETERS = AlsParameters(factors=6, iterations=10, tolerance=0, num_threads=1)
RECENT = PARAMETERS.model_copy(update={"recency_half_life": 0.5})


@pytest.mark.parametrize("parameters", [PARAMETERS, RECENT])
def test_an_open_model_outlives_its_folder(tmp_path, parameters):
    kept = stored(tmp_path / "kept", world(), parameters)
    model = stored(tmp_path / "removed", world(), parameters)
    shutil.rmtree(tmp_path / "removed")
    assert model.users.row("u3") == 3
    for ask in (
        lambda m: m.recommend(3, 5),
        lambda m: m.recommend_for_rows(np.array([1, 4]), 5),
        lambda m: m.similar(2, 5),
        lambda m: (m.user_vector(7), m.popularity),
    ):
        for found, expected in zip(ask(model), ask(kept), strict=True):
            assert found.tolist() == expected.tolist()


def test_items_must_be_those_of_the_interactions(tmp_path):
    data = world()
    trained = train_als(data, PARAMETERS)
    items = pl.DataFrame({"id": data.items.ids()[::-1], "title": "", "image_url": ""})
    with pytest.raises(ValueError, match="one row per item"):
        write_als_part(tmp_path, trained, data, items, parameters=PARAMETERS, data_fingerprint="f")


def test_the_metrics_are_those_of_the_training(tmp_path):
    data = world()
    trained = train_als(data, PARAMETERS)
    names = data.items.ids()
    items = pl.DataFrame({"id": names, "title": names, "image_url": ""})
    metrics = write_als_part(
        tmp_path / "als", trained, data, items, parameters=PARAMETERS, data_fingerprint="f"
    )
    seconds = [iteration.seconds for iteration in trained.history]
    assert metrics == {
        "als.iterations": 10,
        "als.loss": trained.losses[-1],
        "als.seconds_per_iteration": pytest.approx(sum(seconds) / 10),
        "als.training_seconds": pytest.approx(sum(seconds)),
        "als.users": 60,
        "als.items": 30,
    }


def test_a_user_vector_weighs_the_newest_item_most(tmp_path):
    """By hand: with a half-life of 0.5 items, confidences are quartered with each newer item."""
    data = world()
    model = stored(tmp_path / "als", data, RECENT)
    oldest_first = data.item[data.user == 5]
    weights = 10.0 * 0.25 ** np.arange(len(oldest_first))[::-1]
    fold_in = FoldIn.from_item_factors(np.asarray(model.model.item_factors), Penalty(1.0))
    expected = fold_in.solve_one(oldest_first, weights.astype(np.float32))
    np.testing.assert_allclose(model.user_vector(5), expected, rtol=1e-4)
    seen = set(oldest_first.tolist())
    scores = model.model.item_factors @ expected
    best = [row for row in np.argsort(-scores) if row not in seen][:4]
    rows, found = model.recommend_for_rows(oldest_first, 4)
    assert rows.tolist() == best
    np.testing.assert_allclose(found, scores[best], rtol=1e-4)


def test_an_item_taken_twice_counts_once_at_its_newest_place(tmp_path):
    model = stored(tmp_path / "als", world(), RECENT)
    twice = model.recommend_for_rows(np.array([4, 9, 4]), 5)
    once = model.recommend_for_rows(np.array([9, 4]), 5)
    assert twice[0].tolist() == once[0].tolist()
    assert (twice[1] == once[1]).all()


def test_of_equal_scores_the_lower_row_comes_first(tmp_path):
    model = stored(tmp_path / "als", world(), PARAMETERS)
    model.model.item_factors[:] = 1.0
    assert model.recommend(0, 4, "allow")[0].tolist() == [0, 1, 2, 3]
    rows, _ = model.recommend_for_rows(np.array([0, 2]), 3)
    assert rows.tolist() == [1, 3, 4]


def test_nothing_is_left_to_recommend(tmp_path):
    model = stored(tmp_path / "als", world(), PARAMETERS)
    rows, scores = model.recommend_for_rows(np.arange(30), 5)
    assert len(rows) == len(scores) == 0


def test_what_was_rated_low_is_not_recommended_and_does_not_count(tmp_path):
    data = world()
    low = np.zeros(len(data), dtype=bool)
    low[np.flatnonzero(data.user == 0)[:4]] = True
    rated = Interactions(
        data.users, data.items, data.user, data.item,
        np.where(low, 1, 5).astype(np.float32), data.timestamp,
    )  # fmt: skip
    model = stored(tmp_path / "als", rated, PARAMETERS.model_copy(update={"min_rating": 3.0}))
    seen = set(data.item[data.user == 0].tolist())
    assert not seen & set(model.recommend(0, 30)[0].tolist())
    assert len(model.recommend(0, 30)[0]) == 30 - len(seen)
    assert set(model.recommend(0, 30, "only")[0].tolist()) == seen
    assert model.user_items[0].nnz == 8
    assert np.count_nonzero(model.user_items[0].data) == 4


def test_recency_turns_a_user_to_what_came_last(tmp_path):
    """A user of two tastes: the new one wins with recency, the more frequent one without."""
    base = world()
    items = np.array([0, 3, 6, 9, 12, 1, 4], dtype=np.int32)  # five of taste 0, then two of 1
    data = Interactions(
        users=IdMap([*base.users.ids(), "both"]),
        items=base.items,
        user=np.append(base.user, np.full(7, 60)).astype(np.int32),
        item=np.append(base.item, items),
        rating=np.append(base.rating, np.ones(7, dtype=np.float32)),
        timestamp=np.arange(len(base) + 7),
    )
    tastes = PARAMETERS.model_copy(update={"factors": 3})
    plain = stored(tmp_path / "plain", data, tastes)
    newest = tastes.model_copy(update={"recency_half_life": 0.5})
    recent = stored(tmp_path / "recent", data, newest)
    assert plain.recommend(60, 3)[0][0] % 3 == 0
    assert (recent.recommend(60, 3)[0] % 3 == 1).all()
    same = recent.recommend_for_rows(items, 3)[0]
    assert same.tolist() == recent.recommend(60, 3)[0].tolist()
    reversed_ = recent.recommend_for_rows(items[::-1], 3)[0]
    assert (reversed_ % 3 == 0).all()
