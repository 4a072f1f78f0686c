"""The exact solver against the normal equations in float64, on any device."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.als import cuda
from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.solver import ExactAlternation, Penalty, Side
from recsys_lib.workers import Workers

FACTORS = st.sampled_from([1, 2, 3, 7, 16, 33, 64, 129, 257])


def problem(seed, rows, columns, factors, density=0.3):
    """Confidences of every kind (below 1, 1, above, negative), and fixed factors."""
    rng = np.random.default_rng(seed)
    values = rng.choice([0.25, 1.0, 2.0, 7.5, 40.0, -1.0, -3.0], (rows, columns))
    values[rng.random((rows, columns)) > density] = 0
    values[0] = 0  # an empty row
    if rows > 2:
        values[2] = values[1]  # a repeated one
    fixed = rng.standard_normal((columns, factors)).astype(np.float32) * 0.3
    return sparse.csr_matrix(values, dtype=np.float32), fixed


def normal_equations(confidence, fixed, penalty, counts=None):
    """Every row by the whole system, float64; ``counts`` weighs the columns."""
    y, factors = fixed.astype(np.float64), fixed.shape[1]
    counts = np.ones(len(y)) if counts is None else counts.astype(np.float64)
    out = np.zeros((confidence.shape[0], factors))
    gram = y.T @ (y * counts[:, None])
    for row, values in enumerate(confidence.toarray().astype(np.float64)):
        seen = np.flatnonzero(values)
        if len(seen):
            c, m = values[seen], counts[seen]
            added = (m * (np.abs(c) - 1)).sum()
            grown = (1 + added / counts.sum()) ** penalty.frequency_scaling
            system = gram + penalty.regularization * grown * np.eye(factors)
            system += (y[seen].T * (m * (np.abs(c) - 1))) @ y[seen]
            out[row] = np.linalg.solve(system, y[seen].T @ (m * np.maximum(c, 0)))
    return out


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
    out = torch.zeros((confidence.shape[0], fixed.shape[1]))
    side = cuda._Side(confidence, out, torch.as_tensor(counts), penalty)
    rotation = side.solve(torch.tensor(fixed))
    return (out @ rotation.T).numpy(), side.minima.numpy(), side.norms.numpy()


@pytest.mark.parametrize("solve", [on_processor, on_torch])
@settings(max_examples=60, deadline=None)
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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 90), FACTORS)
def test_fold_in_solves_the_same_equations(seed, rows, columns, factors):
    confidence, fixed = problem(seed, rows, columns, factors)
    penalty = Penalty(0.5, 0.7)
    expected = normal_equations(confidence, fixed, penalty)
    found = FoldIn.of(fixed, penalty).solve(confidence)
    assert np.abs(found - expected).max() <= 1e-3 * (np.abs(expected).max() or 1.0)


def test_the_code_for_a_gpu_goes_the_same_way():
    matrix = sparse.random(200, 60, 0.1, "csr", np.float32, random_state=3) * np.float32(9)
    users = DistinctRows.of(matrix.tocsr())
    start = np.random.default_rng(0).random((60, 12), dtype=np.float32)
    weights = np.ones(60, dtype=np.float32)
    ours = ExactAlternation(users, start.copy(), weights, Penalty(0.5), Workers(None))
    theirs = cuda.CudaAlternation(users, start.copy(), weights, Penalty(0.5), device="cpu")
    assert [ours.iterate() for _ in range(4)] == pytest.approx(
        [theirs.iterate() for _ in range(4)], rel=1e-5
    )
    for one, other in zip(ours.factors(), theirs.factors(), strict=True):
        assert np.allclose(one, other, atol=1e-3)


def test_long_rows_are_split_into_batches_that_fit(monkeypatch):
    monkeypatch.setattr(cuda, "_BATCH_CELLS", 64)
    confidence, fixed = problem(5, 30, 50, 16)
    counts, penalty = np.ones(50, dtype=np.float32), Penalty(0.5)
    found, _, _ = on_torch(confidence, fixed, counts, penalty)
    assert np.allclose(found, on_processor(confidence, fixed, counts, penalty)[0], atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 5))
def test_equal_rows_are_found_and_counted(seed, rows, columns):
    values = np.random.default_rng(seed).integers(0, 3, (rows, columns)).astype(np.float32)
    distinct = DistinctRows.of(sparse.csr_matrix(values))
    unique, counts = np.unique(values, axis=0, return_counts=True)
    assert distinct.rows.shape == unique.shape
    assert (distinct.rows.toarray()[distinct.group] == values).all()
    assert sorted(distinct.counts) == sorted(counts)


def test_rows_that_share_a_hash_are_kept_apart(monkeypatch):
    from recsys_lib.als import distinct

    monkeypatch.setattr(distinct, "_hashes", lambda m: np.zeros(m.shape[0], dtype=np.uint64))
    values = np.array([[1, 0], [0, 1], [1, 0], [1, 1], [0, 0]], dtype=np.float32)
    found = DistinctRows.of(sparse.csr_matrix(values))
    assert (found.rows.toarray()[found.group] == values).all()
    assert found.counts.sum() == len(values)
