"""Which users ask the same, and with what vectors."""

import numpy as np
from scipy import sparse

from recsys_lib.als import (
    ExactALS,
    FoldIn,
    Penalty,
    confidence,
    newer_items,
    train_als,
)
from recsys_lib.als.queries import Queries, user_vectors
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters

HISTORIES = [[(0, 5)], [(0, 3)], [(1, 5)], [(0, 5), (1, 4)], [(0, 5), (1, 4)], [(0, 4), (1, 5)]]


def matrix(histories, n_items=4):
    indptr = np.cumsum([0, *map(len, histories)])
    cells = [cell for row in histories for cell in row]
    indices = np.array([item for item, _ in cells], dtype=np.int32)
    values = np.array([value for _, value in cells], dtype=np.float32)
    return sparse.csr_matrix((values, indices, indptr), shape=(len(histories), n_items))


def trained(histories, **more):
    model = ExactALS(factors=3, iterations=3, random_state=0, **more)
    model.fit(histories)
    return model


def test_equal_histories_and_single_items_ask_once():
    histories = matrix(HISTORIES)
    model = trained(histories)
    queries = Queries.from_vectors(model.user_factors, histories, one_lambda=True)
    assert queries.group.tolist() == [0, 0, 1, 2, 2, 3]
    assert queries.representatives.tolist() == [0, 2, 3, 5]
    asked = model.user_factors[queries.representatives][queries.group]
    np.testing.assert_allclose(queries.scale[:, None] * asked, model.user_factors, rtol=1e-4)


def test_with_a_lambda_for_each_row_ratings_of_one_item_ask_apart():
    histories = matrix(HISTORIES)
    model = trained(histories, frequency_scaling=1.0, regularization=5.0)
    queries = Queries.from_vectors(model.user_factors, histories, one_lambda=False)
    assert queries.group.tolist() == [0, 1, 2, 3, 3, 4]


def test_equal_histories_with_different_vectors_ask_apart():
    histories = matrix(HISTORIES)
    factors = trained(histories).user_factors.copy()
    factors[4] = factors[4][::-1]
    queries = Queries.from_vectors(factors, histories, one_lambda=True)
    assert queries.group.tolist() == [0, 0, 1, 2, 4, 3]
    assert queries.representatives[4] == 4
    assert queries.scale[4] == 1


def test_what_is_seen_and_not_liked_is_no_single_liked_item():
    histories = matrix([[(0, 5)], [(0, 0)], [(0, 0)]])
    factors = np.array([[1, 2], [0, 0], [0, 0]], dtype=np.float32)
    queries = Queries.from_vectors(factors, histories, one_lambda=True)
    assert queries.group.tolist() == [0, 1, 1]


def test_vectors_of_a_split_are_those_that_the_model_serves():
    user, item = np.array([0, 0, 0, 1, 1], np.int32), np.array([2, 0, 1, 0, 1], np.int32)
    ones, times = np.ones(5, np.float32), np.arange(5)
    data = Interactions(IdMap(["a", "b"]), IdMap(["x", "y", "z"]), user, item, ones, times)
    plain = AlsParameters(factors=2, iterations=2)
    found = train_als(data, plain)
    assert user_vectors(found, data, plain) is found.user_factors
    recent = plain.model_copy(update={"recency_half_life": 1.0})
    weights = np.array([[0.5, 1.0, 0.25], [0.5, 1.0, 0.0]], dtype=np.float32)
    histories = sparse.csr_matrix(weights * np.float32(recent.alpha))
    expected = FoldIn.from_item_factors(found.item_factors, Penalty(1.0)).solve(histories)
    np.testing.assert_allclose(user_vectors(found, data, recent), expected, rtol=1e-3, atol=1e-5)
    assert newer_items(data).tolist() == [1, 0, 2, 1, 0]
    assert confidence(data, recent).indices.tolist() == [0, 1, 2, 0, 1]
