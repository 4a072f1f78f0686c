"""Data in which everybody and everything has five interactions or more, as published sets have.

An item that is rare in the fitting part must then be held out more often than others. A blend that
learned this would live on the filter, for a shop has none.
"""

import numpy as np
import polars as pl
import pytest

from recsys_lib.blend import Parts, train_blend
from recsys_lib.blend.sources import AFTER, POPULAR
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation import evaluate, leave_last_out, models_to_compare
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, EvaluateParameters

PARTS = Parts(AlsParameters(factors=8, iterations=5, num_threads=1), pl.DataFrame(), None)
N_USERS, N_ITEMS, NEXT, CORE = 600, 300, 8, 5


def five_core(seed):
    """Half of the steps go to one of eight next items, the others anywhere.

    Every item is the next one of eight others: popularity is chance, and carries no signal.
    """
    generator = np.random.default_rng(seed)
    following = np.column_stack([generator.permutation(N_ITEMS) for _ in range(NEXT)])
    rows = []
    for user in range(N_USERS):
        items = [generator.integers(N_ITEMS)]
        for _ in range(generator.integers(4, 7)):
            near, far = generator.choice(following[items[-1]]), generator.integers(N_ITEMS)
            items.append(near if generator.random() < 0.5 else far)
        rows += [(user, item) for item in dict.fromkeys(items)]
    table = np.array(rows)
    while True:
        often = [np.bincount(column)[column] >= CORE for column in table.T]
        if np.all(often):
            break
        table = table[np.all(often, axis=0)]
    (users, user), (items, item) = (np.unique(c, return_inverse=True) for c in table.T)
    return Interactions(
        IdMap(map(str, users)),
        IdMap(map(str, items)),
        user.astype(np.int32),
        item.astype(np.int32),
        np.ones(len(table), np.float32),
        np.arange(len(table)),
    )


@pytest.fixture(scope="module")
def split():
    return leave_last_out(five_core(0))


@pytest.fixture(scope="module")
def trained(split):
    return train_blend(split, PARTS, seed=0)


def test_the_filter_leaks_here(split):
    """Otherwise the tests below would show nothing."""
    n_items = len(split.train.items)
    fitted = np.bincount(split.fitting.item, minlength=n_items)
    held_out = np.bincount(split.learning.interactions.item, minlength=n_items)
    rare = fitted <= np.quantile(fitted, 0.1)
    per_rare = held_out[rare].sum() / fitted[rare].sum()
    per_other = held_out[~rare].sum() / fitted[~rare].sum()
    assert per_rare > 1.5 * per_other


def test_popularity_is_outweighed_by_what_carries_signal(trained):
    """What is rare is held out more often: a weight that learned it would be negative."""
    weights = {name: sum(row) for name, row in trained.learned.weights.coefficients.items()}
    assert all(min(row) >= 0 for row in trained.learned.weights.coefficients.values())
    assert weights[AFTER] == max(weights.values())
    assert weights.get(POPULAR, 0) < 0.5 * weights[AFTER]


def test_what_is_served_is_not_worse_than_the_best_source(split, trained):
    models = models_to_compare(split, trained, PARTS, EvaluateParameters(sequence="off"))
    found = evaluate(models, split, [10], seed=0, served=trained.learned.served)
    verdicts = found.differences("ndcg", 10, trained.learned.served)["verdict"].to_list()
    assert "worse" not in verdicts
    served, popular = (found.value(m, "ndcg", 10) for m in (trained.learned.served, "popular"))
    assert served > 2 * popular
