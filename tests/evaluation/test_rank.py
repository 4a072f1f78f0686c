"""As many test users as are needed to tell the models apart, and no more."""

import math

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation import MostPopular, Random, evaluate, in_words, leave_last_out, rank
from recsys_lib.ids import IdMap


@pytest.fixture(scope="module")
def split():
    """400 users, who take 4 of 30 items each, most of them popular ones."""
    generator = np.random.default_rng(0)
    odds = 1 / np.arange(1, 31)
    item = [generator.choice(30, 4, replace=False, p=odds / odds.sum()) for _ in range(400)]
    users, items = IdMap(f"u{n}" for n in range(400)), IdMap(f"i{n}" for n in range(30))
    user, ones = np.repeat(np.arange(400, dtype=np.int32), 4), np.ones(1600, np.float32)
    taken = np.concatenate(item).astype(np.int32)
    return leave_last_out(Interactions(users, items, user, taken, ones, np.arange(1600)))


@pytest.fixture
def models(split):
    return {"popular": MostPopular(split.train.user_items()), "random": Random(30, 0)}


@pytest.mark.parametrize(("precision", "users"), [(0.0, 400), (1e-9, 400), (0.07, 200), (0.9, 50)])
def test_users_are_added_until_the_interval_is_narrow_enough(
    split, models, precision, users, monkeypatch
):
    monkeypatch.setattr(rank, "_FIRST_USERS", 50)
    found = evaluate(models, split, [10], seed=0, precision=precision)
    used = found.split.test_users
    assert (len(used), found.n_users) == (users, 400)
    whole = evaluate(models, split, [10], seed=0)
    rows = np.searchsorted(whole.split.test_users, used)
    for name, lists in found.lists.items():
        assert np.array_equal(lists, whole.lists[name][rows])
    if users < 400:
        assert found.half_width <= precision
        words = f"{users} of 400 test users were enough: its nDCG less that of the best other"
        assert words in in_words(found, 10)
    else:
        assert "were enough" not in in_words(found, 10)
    assert math.isnan(whole.half_width)


def test_random_lists_are_drawn_evenly_from_what_a_user_does_not_have():
    n, k = 2_000, 3
    seen = sparse.csr_matrix(([1.0] * (2 * n), ([*range(n)] * 2, [0] * n + [1] * n)), shape=(n, 8))
    lists = Random(8, 4).lists(np.arange(n), seen, k)
    assert all(len({*row}) == k for row in lists.tolist())
    counts = np.bincount(lists.ravel(), minlength=8)
    assert counts[:2].sum() == 0
    assert counts[2:] == pytest.approx(np.full(6, n * k / 6), abs=4 * np.sqrt(n * k / 6))
    assert (Random(8, 4).lists(np.arange(n)[::-1], seen, k) == lists[::-1]).all()
    assert (Random(8, 4).lists(np.arange(1), seen, 9) == -1).sum() == 3
