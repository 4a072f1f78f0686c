"""EASE, exact and on neighbours, and item-kNN."""

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.blend.sources import (
    Bm25Neighbours,
    CosineNeighbours,
    Ease,
    SourceOptions,
    Training,
    item_weights,
    linear,
)
from recsys_lib.blend.sources.linear import (
    default_regularization,
    ease_weights,
    largest_entries,
    sparse_ease_weights,
)
from recsys_lib.parameters import AlsParameters


def tastes(n_users, n_items, groups, seed, others=0.03):
    """Users who mostly take items of one group, and sometimes ``others``; 1 or 0."""
    generator = np.random.default_rng(seed)
    likes = np.arange(n_users)[:, None] % groups == np.arange(n_items) % groups
    taken = generator.random((n_users, n_items)) < np.where(likes, 0.4, others)
    return sparse.csr_matrix(taken.astype(np.float32))


@pytest.mark.parametrize("n_items", [1, 2, 12, 40])
def test_the_exact_solution_is_that_of_an_inverse(n_items):
    """P = (X'X + lambda I)^-1 by numpy, in float64: weights are -P / diag(P)."""
    x = tastes(60, n_items, 3, 1)
    inverse = np.linalg.inv((x.T @ x).toarray().astype(float) + 7 * np.eye(n_items))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(ease_weights(x, 7.0), expected, atol=1e-5)


def test_it_is_the_best_linear_model_without_itself():
    """The gradient of the regularized squared error is zero off the diagonal, which is zero."""
    x = (np.random.default_rng(6).random((50, 12)) < 0.3).astype(np.float32)
    weights = ease_weights(sparse.csr_matrix(x), 7.0)
    gradient = x.T @ (x @ weights - x) + 7.0 * weights
    np.testing.assert_allclose(gradient[~np.eye(12, dtype=bool)], 0, atol=1e-3)
    np.testing.assert_allclose(np.diag(weights), 0, atol=1e-7)


def test_with_all_items_as_neighbours_the_sparse_solution_is_exact():
    x = tastes(80, 20, 2, 2, others=0.3)
    # All items have users in common here, so that each is a neighbour of each.
    assert ((x.T @ x).toarray() > 0).all()
    found = sparse_ease_weights(x, 5.0, 20).toarray()
    np.testing.assert_allclose(found, ease_weights(x, 5.0), atol=1e-5)


def test_with_a_few_neighbours_scores_stay_near_the_exact_ones():
    x = tastes(400, 60, 6, 3)
    exact = x @ ease_weights(x, 20.0)
    few = x @ sparse_ease_weights(x, 20.0, 15)
    assert (sparse_ease_weights(x, 20.0, 15) != 0).sum(axis=0).max() <= 15
    assert np.corrcoef(exact.ravel(), few.toarray().ravel())[0, 1] > 0.95


def test_each_column_is_solved_on_its_neighbours():
    """w = (G_NN + lambda I)^-1 G_Nj by numpy, for the neighbours that the solution has."""
    x = tastes(100, 30, 3, 4)
    gram = (x.T @ x).toarray().astype(float)
    weights = sparse_ease_weights(x, 4.0, 6).toarray()
    for item in range(30):
        support = np.flatnonzero(weights[:, item])
        assert 0 < len(support) <= 6
        assert item not in support
        inner = gram[np.ix_(support, support)] + 4 * np.eye(len(support))
        expected = np.linalg.solve(inner, gram[support, item])
        np.testing.assert_allclose(weights[support, item], expected, atol=1e-5)


def test_the_neighbours_kept_are_those_that_explain_most_alone():
    """Of those beside the first: 6 of 30 users against 10 of 100, by G / sqrt(G_nn + lambda)."""
    x = np.zeros((200, 3), dtype=np.float32)
    x[:20, 0] = 1
    x[:6, 1] = x[20:44, 1] = 1
    x[10:20, 2] = x[50:140, 2] = 1
    # 6 / sqrt(30 + 20) < 10 / sqrt(100 + 20), but not with lambda left out or taken away.
    weights = sparse_ease_weights(sparse.csr_matrix(x), 20.0, 1).toarray()
    assert weights[2, 0] > 0
    assert weights[1, 0] == 0
    assert sparse_ease_weights(sparse.csr_matrix(x), 0.01, 1).toarray()[1, 0] > 0


def test_an_item_without_users_in_common_has_no_weights():
    x = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32))
    weights = sparse_ease_weights(x, 1.0, 2).toarray()
    np.testing.assert_allclose(weights, ease_weights(x, 1.0), atol=1e-6)
    assert not weights[2].any()
    assert not weights[:, 2].any()


def test_the_regularization_grows_with_the_users_of_an_item():
    assert default_regularization(sparse.csr_matrix(np.ones((20, 4)))) == 60
    assert default_regularization(sparse.csr_matrix(np.eye(4))) == 10


def test_a_source_is_exact_up_to_its_limit(ordered, monkeypatch):
    monkeypatch.setattr(linear, "NEIGHBOURS", 2)
    exact, few = (
        Ease.train(
            Training(ordered, AlsParameters(), options=SourceOptions(exact_items=limit))
        ).weights
        for limit in (24, 23)
    )
    x = ordered.user_items()
    expected = ease_weights(x, default_regularization(x))
    np.testing.assert_array_equal(exact.toarray(), expected)
    assert (few != 0).sum(axis=0).max() == 2


def test_the_largest_entries_of_a_row_are_kept_whatever_their_sign():
    matrix = np.array([[3, -4, 1, 0], [0, 1, -2, 5]], dtype=np.float32)
    assert largest_entries(matrix, 2).toarray().tolist() == [[3, -4, 0, 0], [0, 0, -2, 5]]
    np.testing.assert_array_equal(largest_entries(matrix, 9).toarray(), matrix)


def test_a_triangle_is_mirrored_block_by_block():
    whole = np.arange(49.0).reshape(7, 7)
    whole += whole.T
    lower = np.tril(whole)
    linear._mirror(lower, block=3)
    np.testing.assert_array_equal(lower, whole)


def test_cosine_neighbours_by_hand(ordered):
    """Users in common over the root of the users of one times those of the other."""
    source = CosineNeighbours.train(Training(ordered, AlsParameters()))
    x = ordered.user_items()
    common = (x.T @ x).toarray()
    users = np.diag(common)
    expected = common / np.sqrt(np.outer(users, users))
    np.fill_diagonal(expected, 0)
    found = source.weights.toarray()
    np.fill_diagonal(found, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_so_many_neighbours_are_kept(ordered, monkeypatch):
    monkeypatch.setattr(item_weights, "NEIGHBOURS", 3)
    for source in (CosineNeighbours, Bm25Neighbours):
        weights = source.train(Training(ordered, AlsParameters())).weights
        assert 2 <= np.diff(weights.indptr).max() <= 3
