"""The exact solver against the normal equations in float64, and against implicit."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als import train_als
from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.model import ConjugateGradientALS, ExactALS, faster_model
from recsys_lib.als.solver import Side, loss
from recsys_lib.parameters import AlsParameters

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


def normal_equations(confidence, fixed, regularization, counts=None):
    """Every row by the whole system, float64; ``counts`` weighs the columns."""
    y, factors = fixed.astype(np.float64), fixed.shape[1]
    counts = np.ones(len(y)) if counts is None else counts.astype(np.float64)
    out = np.zeros((confidence.shape[0], factors))
    gram = y.T @ (y * counts[:, None]) + regularization * np.eye(factors)
    for row, values in enumerate(confidence.toarray().astype(np.float64)):
        seen = np.flatnonzero(values)
        if len(seen):
            c, m = values[seen], counts[seen]
            system = gram + (y[seen].T * (m * (np.abs(c) - 1))) @ y[seen]
            out[row] = np.linalg.solve(system, y[seen].T @ (m * np.maximum(c, 0)))
    return out


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 90), FACTORS, st.booleans())
def test_factors_are_the_solution_of_the_normal_equations(seed, rows, columns, factors, weighed):
    confidence, fixed = problem(seed, rows, columns, factors)
    counts = np.random.default_rng(seed).integers(1, 6, columns).astype(np.float32)
    counts = counts if weighed else None
    expected = normal_equations(confidence, fixed, 0.5, counts)
    out = np.full((rows, factors), np.nan, dtype=np.float32)
    Side.of(confidence, counts).solve(fixed, 0.5, out)
    scale = np.abs(expected).max() or 1.0
    assert np.abs(out - expected).max() <= 1e-3 * scale


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


def ratings(users=300, items=80, seed=0):
    matrix = sparse.random(users, items, 0.04, "csr", np.float32, random_state=seed)
    matrix.data = np.random.default_rng(seed).integers(1, 6, matrix.nnz).astype(np.float32)
    return matrix


def fitted(kind, matrix, **options):
    """A model after some iterations, and its losses."""
    losses = []
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = kind(
            factors=16,
            regularization=0.8,
            alpha=3.0,
            iterations=5,
            calculate_training_loss=True,
            random_state=7,
            **options,
        )
        model.fit(matrix, show_progress=False, callback=lambda i, s, value: losses.append(value))
    return model, losses


def test_it_is_implicit_with_exact_steps():
    """The same start, so the same factors as implicit's own exact solver, and the same loss."""
    matrix = ratings()
    theirs, their_losses = fitted(AlternatingLeastSquares, matrix, use_cg=False)
    ours, our_losses = fitted(ExactALS, matrix)
    assert np.allclose(our_losses, their_losses, rtol=1e-4)
    assert np.allclose(ours.user_factors, theirs.user_factors, atol=2e-3)
    assert np.allclose(ours.item_factors, theirs.item_factors, atol=2e-3)
    approximate = fitted(AlternatingLeastSquares, matrix, use_cg=True)[1]
    assert all(a <= b * 1.0001 for a, b in zip(our_losses, approximate, strict=True))


def test_the_loss_is_that_of_every_cell():
    matrix = ratings(40, 20)
    model, losses = fitted(ExactALS, matrix)
    confidence = matrix.toarray().astype(np.float64) * 3.0
    wanted, certainty = confidence > 0, np.where(confidence > 0, confidence, 1)
    x, y = model.user_factors.astype(np.float64), model.item_factors.astype(np.float64)
    total = (certainty * (wanted - x @ y.T) ** 2).sum() + 0.8 * ((x**2).sum() + (y**2).sum())
    assert losses[-1] == pytest.approx(total / certainty.sum(), rel=1e-4)
    counts = np.ones(40, dtype=np.float32)
    again = loss(matrix * np.float32(3), counts, model.user_factors, model.item_factors, 0.8)
    assert again == pytest.approx(losses[-1], rel=1e-6)


def test_the_same_seed_gives_the_same_bits_and_other_threads_nearly_so():
    matrix = ratings()
    one, again = fitted(ExactALS, matrix)[0], fitted(ExactALS, matrix)[0]
    assert (one.user_factors == again.user_factors).all()
    assert (one.item_factors == again.item_factors).all()
    single = fitted(ExactALS, matrix, num_threads=1)[0]
    assert np.allclose(one.item_factors, single.item_factors, atol=1e-4)


def test_rows_of_one_are_solved_exactly_and_long_ones_by_steps():
    single = sparse.csr_matrix((np.ones(4000), (np.arange(4000), np.arange(4000) % 50)))
    assert faster_model(single, 64) is ExactALS
    dense = sparse.csr_matrix(np.random.default_rng(0).random((400, 300)))
    assert faster_model(dense, 64) is ConjugateGradientALS


@pytest.mark.parametrize("solver", ["auto", "exact", "cg"])
def test_every_solver_falls_to_nearly_the_same_loss_and_stops(solver):
    options = {"factors": 8, "iterations": 200, "tolerance": 1e-3, "solver": solver}
    trained = train_als(ratings(), AlsParameters(**options))
    exact = train_als(ratings(), AlsParameters(**{**options, "solver": "exact"}))
    assert trained.converged and len(trained.history) < 200
    assert trained.losses[-1] == pytest.approx(exact.losses[-1], rel=0.02)
    assert trained.user_factors.shape == (300, 8)


@pytest.mark.parametrize("kind", [ExactALS, ConjugateGradientALS])
def test_a_true_answer_of_the_callback_ends_the_training(kind):
    model = kind(factors=4, iterations=50, random_state=1)
    seen = []
    model.fit(
        ratings(),
        show_progress=False,
        callback=lambda number, seconds, value: seen.append(number) or number == 2,
    )
    assert seen == [0, 1, 2]
    assert model.user_factors.shape == (300, 4)


def test_all_methods_of_implicit_work_unchanged(tmp_path):
    matrix = ratings()
    model, _ = fitted(ExactALS, matrix)
    items, scores = model.recommend(3, matrix[3], N=5)
    assert len(items) == 5 and not set(items) & set(matrix[3].indices)
    assert np.allclose(model.user_factors[3] @ model.item_factors[items].T, scores, atol=1e-5)
    assert model.similar_items(2, N=3)[0][0] == 2
    assert model.similar_users(2, N=3)[0][0] == 2
    refolded = model.recalculate_user(3, matrix[3])
    again = normal_equations(matrix[3] * np.float32(3), model.item_factors, 0.8)
    assert np.allclose(refolded, again, atol=1e-3)
    total, _, _ = model.explain(3, matrix, items[0])
    assert total == pytest.approx(float(refolded @ model.item_factors[items[0]]), abs=1e-3)
    model.partial_fit_users([3], matrix[3])
    model.save(tmp_path / "model.npz")
    loaded = ExactALS.load(tmp_path / "model.npz")
    assert (loaded.item_factors == model.item_factors).all()
