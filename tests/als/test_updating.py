"""Updates of an ALS part: exact solutions for what changed, and the rest as it was."""

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from recsys_lib.als import AlsModel, Penalty, confidence, update_als_part
from recsys_lib.als.updating import changed_items, solve_items
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from tests.support.normal_equations import normal_equations
from tests.support.taste_world import stored, world

PARAMETERS = AlsParameters(factors=4, iterations=3, num_threads=1)


def display(interactions):
    names = interactions.items.series()
    return pl.DataFrame({"id": names, "title": names, "image_url": [None] * len(names)})


def with_more(interactions):
    """A new user and a new item, each before all others."""
    users = IdMap(["a new one", *interactions.users.ids()])
    items = IdMap(["a new one", *interactions.items.ids()])
    return Interactions(
        users,
        items,
        user=np.concatenate([[0, 0], interactions.user + 1]).astype(np.int32),
        item=np.concatenate([[0, 3], interactions.item + 1]).astype(np.int32),
        rating=np.ones(len(interactions) + 2, dtype=np.float32),
        timestamp=np.arange(len(interactions) + 2),
    )


@pytest.fixture
def before(tmp_path):
    return stored(tmp_path / "before", world(users=24, items=15), PARAMETERS)


def test_items_that_changed_are_solved_exactly_and_others_stay(before, tmp_path):
    now = with_more(world(users=24, items=15))
    found = update_als_part(before, tmp_path / "now", now, display(now), data_fingerprint="now")
    after = AlsModel.load(tmp_path / "now")
    assert (found.items, found.new_users, found.new_items) == (2, 1, 1)
    old, new = before.model.item_factors, after.model.item_factors
    same = np.setdiff1d(np.arange(15), [2])
    assert np.array_equal(new[1:][same], old[same])
    start = np.vstack([np.zeros((1, 4), np.float32), old])
    confidences, penalty = confidence(now, PARAMETERS), Penalty(PARAMETERS.regularization)
    users = normal_equations(confidences, start, penalty)
    items = normal_equations(sparse.csr_matrix(confidences.T), users, penalty)
    assert new[[0, 3]] == pytest.approx(items[[0, 3]], abs=1e-5)


def test_people_of_the_update_get_lists_of_their_taste(before, tmp_path):
    now = with_more(world(users=24, items=15))
    update_als_part(before, tmp_path / "now", now, display(now), data_fingerprint="now")
    after = AlsModel.load(tmp_path / "now")
    rows, _ = after.recommend(after.users.row("a new one"), 2)
    assert all(int(name[1:]) % 3 == 2 for name in after.items.ids(rows))  # they took i2


def test_the_objective_does_not_rise():
    interactions = world(users=24, items=15)
    confidences, penalty = confidence(interactions, PARAMETERS), Penalty(1.0)
    factors = np.random.default_rng(0).normal(size=(15, 4)).astype(np.float32)
    values = [objective(confidences, factors, penalty)]
    for chosen in ([1, 5], [5], range(15)):
        solve_items(factors, confidences, np.array(chosen), penalty)
        values.append(objective(confidences, factors, penalty))
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0] - 0.1


def objective(confidences, items, penalty):
    """With the best users for these items."""
    users = normal_equations(confidences, items, penalty)
    weights = np.where(confidences.toarray() > 0, confidences.toarray(), 1)
    error = (weights * ((confidences.toarray() > 0) - users @ items.T) ** 2).sum()
    return error + penalty.regularization * ((users**2).sum() + (items**2).sum())


@pytest.mark.parametrize(
    ("before", "now", "users", "changed"),
    [
        ([[1, 0], [0, 2]], [[1, 0], [0, 2]], [0, 1], []),
        ([[1, 0], [0, 2]], [[1, 0], [0, 3]], [0, 1], [1]),
        ([[1, 0], [0, 2]], [[1, 0]], [0, -1], [1]),
        ([[1, 0]], [[1, 1], [0, 0]], [0], [1]),
    ],
)
def test_an_item_changes_with_any_of_its_interactions(before, now, users, changed):
    before, now = (sparse.csr_matrix(np.array(m, np.float32)) for m in (before, now))
    found = changed_items(before, now, np.array(users), np.arange(2))
    assert found.tolist() == changed
