"""Parameters that are auto are chosen on held-out interactions; given ones stay."""

import numpy as np
import pytest

from recsys_lib.als import choose_parameters, train_als
from recsys_lib.als.confidences import confidence, liked
from recsys_lib.als.defaults import _Judge
from recsys_lib.als.implicit_models import ExactALS
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, AlsSettings


def shop(n_users, n_items, length, seed=0):
    """Two kinds of users, each with taste for one half of the items."""
    generator = np.random.default_rng(seed)
    half = n_items // 2
    rows = [u % 2 * half + generator.permutation(half)[:length] for u in range(n_users)]
    user = np.repeat(np.arange(n_users, dtype=np.int32), length)
    users, items = IdMap(map(str, range(n_users))), IdMap(map(str, range(n_items)))
    ones = np.ones(len(user), np.float32)
    return Interactions(
        users, items, user, np.concatenate(rows).astype(np.int32), ones, np.arange(len(user))
    )


@pytest.fixture(scope="module")
def small():
    return shop(200, 40, 6)


def test_the_best_trial_is_taken(small):
    chosen = choose_parameters(small, AlsSettings())
    best = chosen.trials.sort("ndcg@10", descending=True, maintain_order=True).row(0, named=True)
    assert chosen.parameters.factors == best["factors"] <= 20
    assert chosen.parameters.regularization == best["regularization"]
    assert chosen.trials["ndcg@10"].n_unique() > 1
    assert str(chosen.parameters.factors) in chosen.reason


def test_trials_are_judged_by_ndcg_of_the_item_taken_next():
    judge = _Judge.from_interactions(shop(60, 12, 4), seed=0)
    parameters = AlsParameters(factors=2, regularization=1.0, num_threads=1)
    model = ExactALS.from_parameters(parameters.model_copy(update={"iterations": 8}))
    model.fit(liked(confidence(judge.rest, parameters)))
    scores = model.user_factors[judge.users] @ model.item_factors.T
    scores[judge.rest.user_items()[judge.users].nonzero()] = -np.inf
    ranks = (scores > scores[np.arange(len(scores)), judge.wanted][:, None]).sum(axis=1)
    gains = np.where(ranks < judge.k, 1 / np.log2(ranks + 2), 0.0)
    assert judge.k == 3
    assert 0.1 < gains.mean() < 0.9
    assert judge.ndcg(parameters) == pytest.approx(gains.mean())


def test_given_values_stay(small):
    settings = AlsSettings(factors=5, alpha=3.0, confidence="log", iterations=7)
    chosen = choose_parameters(small, settings)
    found = chosen.parameters
    assert (found.factors, found.alpha, found.confidence, found.iterations) == (5, 3.0, "log", 7)
    assert chosen.trials["factors"].unique().to_list() == [5]
    everything = AlsSettings(factors=5, regularization=2.0)
    assert choose_parameters(small, everything).trials.is_empty()


def test_the_last_interaction_of_each_user_is_not_looked_at(small):
    """It is the test of 04_evaluate: other last items must not change the choice."""
    other = small.item.copy()
    last = np.flatnonzero(small.last())
    other[last] = np.random.default_rng(1).permutation(other[last])
    changed = Interactions(
        small.users, small.items, small.user, other, small.rating, small.timestamp
    )
    one, two = (choose_parameters(data, AlsSettings()) for data in (small, changed))
    assert one.trials.equals(two.trials)


def test_a_shop_of_a_few_products_runs_without_parameters():
    tiny = shop(40, 6, 3)
    trained = train_als(tiny, choose_parameters(tiny, AlsSettings(iterations=3)).parameters)
    assert trained.item_factors.shape[1] <= 3


def test_in_a_shop_of_few_products_lists_are_short_enough_to_tell_models_apart():
    """Ten of twelve products would hold nearly every answer, whatever the parameters."""
    few = shop(200, 12, 4)
    chosen = choose_parameters(few, AlsSettings())
    assert "ndcg@3" in chosen.reason
    assert chosen.trials["ndcg@3"].n_unique() > 1
    assert chosen.trials["ndcg@3"].max() < 1


def test_too_many_factors_are_refused_with_auto_as_the_remedy():
    with pytest.raises(ParameterError, match="at most 6, or auto"):
        AlsSettings(factors=64).check_data({"users": 40, "items": 6})
    AlsSettings().check_data({"users": 2, "items": 2})
