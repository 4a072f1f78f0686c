"""Item factors that lean on texts where few people took an item."""

import numpy as np
import pytest

from recsys_lib.blend import Histories
from recsys_lib.blend.sources import AttributeFactors, FoldedAls, Training
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters

N_USERS, N_TAKEN = 40, 10


@pytest.fixture(scope="module")
def two_tastes() -> Training:
    """Even users take the even of ten items, odd users the odd; nobody took items 10 and 11."""
    pairs = [(u, i) for u in range(N_USERS) for i in range(N_TAKEN) if u % 2 == i % 2]
    user, item = np.array(pairs, dtype=np.int32).T.copy()
    users, items = IdMap(map(str, range(N_USERS))), IdMap(map(str, range(N_TAKEN + 2)))
    ones = np.ones(len(pairs), np.float32)
    interactions = Interactions(users, items, user, item, ones, np.zeros(len(pairs), np.int64))
    kinds = np.eye(2, dtype=np.float32)[np.arange(N_TAKEN + 2) % 2]
    return Training(interactions, AlsParameters(factors=2, regularization=0.1), kinds)


def test_items_that_nobody_took_are_ranked_by_their_texts(two_tastes):
    person = Histories.from_items([0, 2], confidence=1.0, n_items=N_TAKEN + 2)
    assert not FoldedAls.train(two_tastes).scores(person)[0, -2:].any()
    even, odd = AttributeFactors.train(two_tastes).scores(person)[0, -2:]
    assert even > 0.2
    assert abs(odd) < even / 10


def test_own_factors_and_those_of_the_text_are_weighted_by_the_interactions(two_tastes):
    source, own = AttributeFactors.train(two_tastes), two_tastes.item_factors
    # All items of a kind share text and takers, so the map gives the mean of their factors.
    mapped = own[:N_TAKEN:2].mean(axis=0)
    taken = N_USERS / 2
    expected = (taken * own[0] + 10 * mapped) / (taken + 10)
    np.testing.assert_allclose(source.fold_in.item_factors[0], expected, rtol=0.02, atol=0.01)
    np.testing.assert_allclose(source.fold_in.item_factors[10], mapped, rtol=0.02, atol=0.01)


def test_an_item_without_a_text_keeps_its_own_factors(two_tastes):
    texts = two_tastes.embeddings.copy()
    texts[0] = 0
    source = AttributeFactors.train(Training(two_tastes.interactions, two_tastes.als, texts))
    np.testing.assert_array_equal(source.fold_in.item_factors[0], two_tastes.item_factors[0])


def test_without_texts_there_is_no_such_source(two_tastes):
    assert AttributeFactors.train(Training(two_tastes.interactions, two_tastes.als)) is None
