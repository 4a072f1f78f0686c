"""Fold-in against the normal equations, one history at a time and many at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.als import FoldIn, Penalty, liked
from tests.support.normal_equations import normal_equations, problem

FACTORS = st.sampled_from([1, 2, 3, 7, 16, 33, 64, 129])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 90), FACTORS)
def test_fold_in_solves_the_same_equations(seed, rows, columns, factors):
    confidence, fixed = problem(seed, rows, columns, factors)
    penalty = Penalty(0.5, 0.7)
    expected = normal_equations(confidence, fixed, penalty)
    found = FoldIn.from_item_factors(fixed, penalty).solve(confidence)
    assert np.abs(found - expected).max() <= 1e-3 * (np.abs(expected).max() or 1.0)


@pytest.mark.parametrize("frequency_scaling", [0.0, 0.7])
def test_many_histories_at_once_give_the_same_as_one_by_one(frequency_scaling):
    rng = np.random.default_rng(3)
    item_factors = rng.standard_normal((50, 8)).astype(np.float32)
    histories = sparse.random(40, 50, 0.2, "csr", np.float32, rng)
    histories.data = rng.choice([0.0, 0.3, 1.0, 40.0], histories.nnz).astype(np.float32)
    penalty = Penalty(2.0, frequency_scaling)
    found = FoldIn.from_item_factors(item_factors, penalty).solve_many(histories)
    expected = FoldIn.from_item_factors(item_factors, penalty).solve(liked(histories))
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4)


def test_what_was_not_liked_is_ignored_and_the_order_of_items_does_not_matter():
    item_factors = np.random.default_rng(1).standard_normal((20, 4)).astype(np.float32)
    fold_in = FoldIn.from_item_factors(item_factors, Penalty(1.0, 0.5))
    items, confidences = np.array([3, 8, 11]), np.array([5, 0, 2], dtype=np.float32)
    expected = fold_in.solve_one(np.array([11, 3]), np.array([2, 5], dtype=np.float32))
    np.testing.assert_allclose(fold_in.solve_one(items, confidences), expected, rtol=1e-6)
    row = sparse.csr_matrix((confidences, items, [0, 3]), shape=(1, 20))
    assert (fold_in.solve(row)[0] == fold_in.solve_one(items, confidences)).all()


@pytest.mark.parametrize("length", [3, 9])
def test_contributions_of_a_history_add_up_to_the_scores(length):
    rng = np.random.default_rng(2)
    fold_in = FoldIn.from_item_factors(
        rng.standard_normal((20, 5)).astype(np.float32), Penalty(1.0, 0.5)
    )
    history = rng.choice(20, length, replace=False)
    confidences = rng.integers(1, 9, length).astype(np.float32)
    confidences[1] = 0
    found = fold_in.contributions(history, confidences, np.array([0, 7]))
    scores = fold_in.item_factors[[0, 7]] @ fold_in.solve_one(history, confidences)
    assert found.shape == (2, length)
    np.testing.assert_allclose(found.sum(axis=1), scores, rtol=1e-4, atol=1e-6)
    assert (found[:, 1] == 0).all()


def test_few_items_are_rotated_like_all(monkeypatch):
    factors = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    items, confidences = np.array([3, 11, 29]), np.array([2, 5, 1], dtype=np.float32)
    few = FoldIn.from_item_factors(factors, Penalty(1.0))
    found = few.solve_one(items, confidences), few.contributions(items, confidences, items)
    assert "_rotated" not in vars(few)  # which takes long where there are many
    monkeypatch.setattr("recsys_lib.als.fold_in._FEW", 0)
    expected = few.solve_one(items, confidences), few.contributions(items, confidences, items)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
