"""The exact solver against the normal equations in float64, on any device."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.als import DistinctRows, Penalty
from recsys_lib.als.solver import ExactAlternation, Side, sum_of_confidences
from recsys_lib.compiled import Workers
from tests.support.normal_equations import normal_equations, problem

FACTORS = st.sampled_from([1, 2, 3, 7, 16, 33, 64, 129])


def objective_of(confidence, x, y, penalty, counts):
    """The objective of a side with all its cells, float64, not divided by anything."""
    values = confidence.toarray().astype(np.float64)
    certainty = np.where(values == 0, 1, np.abs(values)) * counts
    grown = certainty.sum(axis=1) / counts.sum()
    norms = penalty.regularization * grown**penalty.frequency_scaling * (x**2).sum(axis=1)
    return (certainty * ((values > 0) - x @ y.T) ** 2).sum(axis=1) + norms, norms


def on_processor(confidence, fixed, counts, penalty):
    """Factors, rotated back; minima and norms."""
    out = np.full((confidence.shape[0], fixed.shape[1]), np.nan, dtype=np.float32)
    side = Side(confidence, out, counts, penalty)
    rotation = side.solve(fixed.copy(), Workers(None))
    return out @ rotation.T, side.solutions.minima, side.solutions.norms


def on_torch(confidence, fixed, counts, penalty):
    """The same by the code for a GPU, on the processor."""
    import torch  # takes seconds, also at collection

    from recsys_lib.als import _cuda

    out = torch.zeros((confidence.shape[0], fixed.shape[1]))
    side = _cuda._Side(confidence, out, torch.as_tensor(counts), penalty)
    rotation = side.solve(torch.tensor(fixed))
    return (out @ rotation.T).numpy(), side.minima.numpy(), side.norms.numpy()


SOLVERS = [on_processor, pytest.param(on_torch, marks=pytest.mark.slow)]  # torch takes seconds


@pytest.mark.parametrize("solve", SOLVERS)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 12),
    columns=st.integers(1, 90),
    factors=FACTORS,
    scaling=st.sampled_from([0.0, 0.5, 1.0]),
    weighed=st.booleans(),
)
def test_factors_solve_the_normal_equations(solve, seed, rows, columns, factors, scaling, weighed):
    confidence, fixed = problem(seed, rows, columns, factors)
    counts = np.ones(columns, dtype=np.float32)
    if weighed:
        counts = np.random.default_rng(seed).integers(1, 6, columns).astype(np.float32)
    penalty = Penalty(0.5, scaling)
    expected = normal_equations(confidence, fixed, penalty, counts)
    found, minima, norms = solve(confidence, fixed, counts, penalty)
    scale = np.abs(expected).max() or 1.0
    assert np.abs(found - expected).max() <= 1e-3 * scale
    least, penalties = objective_of(confidence, expected, fixed, penalty, counts)
    largest = (np.abs(confidence) @ counts).max() or 1.0
    assert np.abs(minima - least).max() <= 1e-4 * largest
    assert np.abs(norms - penalties).max() <= 1e-3 * max(penalties.max(), 1e-9)


@pytest.mark.parametrize("solve", SOLVERS)
def test_rows_longer_than_what_is_gathered_at_once(solve):
    confidence, fixed = problem(7, 4, 600, 5, density=0.9)
    counts, penalty = np.ones(600, dtype=np.float32), Penalty(0.5)
    expected = normal_equations(confidence, fixed, penalty)
    found, minima, _ = solve(confidence, fixed, counts, penalty)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    least, _ = objective_of(confidence, expected, fixed, penalty, counts)
    np.testing.assert_allclose(minima, least, rtol=1e-3)


def test_the_code_for_a_gpu_goes_the_same_way():
    from recsys_lib.als import _cuda

    matrix = sparse.random(200, 60, 0.1, "csr", np.float32, random_state=3) * np.float32(9)
    users = DistinctRows.from_matrix(matrix.tocsr())
    start = np.random.default_rng(0).random((60, 12), dtype=np.float32)
    weights = np.ones(60, dtype=np.float32)
    ours = ExactAlternation(users, start.copy(), weights, Penalty(0.5), Workers(None))
    theirs = _cuda.CudaAlternation(users, start.copy(), weights, Penalty(0.5), device="cpu")
    assert [ours.iterate() for _ in range(4)] == pytest.approx(
        [theirs.iterate() for _ in range(4)], rel=1e-5
    )
    for one, other in zip(ours.factors(), theirs.factors(), strict=True):
        assert np.allclose(one, other, atol=1e-3)
    users_before, items_before = (side.copy() for side in ours.factors())
    users_after, items_after = ours.factors()  # asked twice, rotated back once
    assert (users_before == users_after).all() and (items_before == items_after).all()


def test_long_rows_are_split_into_batches_that_fit(monkeypatch):
    from recsys_lib.als import _cuda

    monkeypatch.setattr(_cuda, "_BATCH_CELLS", 64)
    confidence, fixed = problem(5, 30, 50, 16)
    counts, penalty = np.ones(50, dtype=np.float32), Penalty(0.5)
    found, _, _ = on_torch(confidence, fixed, counts, penalty)
    assert np.allclose(found, on_processor(confidence, fixed, counts, penalty)[0], atol=1e-3)


def test_the_sum_of_confidences_counts_users_items_and_dislikes():
    """Cells of two equal users weigh 1, 1, 2 per item; a dislike of 3 counts 3, like a like."""
    users = DistinctRows.from_matrix(sparse.csr_matrix([[2.0, 0, -3], [2, 0, -3], [0, 5, 0]]))
    weights = np.array([1, 1, 2], dtype=np.float32)
    assert sum_of_confidences(users, weights) == 2 * (2 + 1 + 2 * 3) + (1 + 5 + 2)
