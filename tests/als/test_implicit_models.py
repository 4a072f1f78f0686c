"""implicit's model with our solver: its interface, its results, and where they differ."""

import warnings

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als import ExactALS
from recsys_lib.als.implicit_models import ConjugateGradientALS, _skip


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
    assert losses[-1] == pytest.approx(total / certainty.sum(), rel=1e-5)


def test_the_same_seed_gives_the_same_bits_with_any_number_of_threads():
    matrix = ratings()
    one, again = fitted(ExactALS, matrix)[0], fitted(ExactALS, matrix)[0]
    single = fitted(ExactALS, matrix, num_threads=1)[0]
    for other in (again, single):
        assert (one.user_factors == other.user_factors).all()
        assert (one.item_factors == other.item_factors).all()


def test_a_user_who_counts_twice_is_like_two_users():
    matrix, twice = ratings(), np.arange(300) < 100
    weighed, losses = fitted_with(matrix, user_weights=1 + twice)
    repeated, same = fitted_with(sparse.vstack([matrix, matrix[twice]]).tocsr())
    assert np.allclose(weighed.item_factors, repeated.item_factors, atol=1e-3)
    assert losses == pytest.approx(same, rel=1e-4)


def test_an_item_that_counts_twice_is_like_two_items():
    matrix, twice = ratings(), np.arange(80) < 30
    start = np.random.default_rng(0).random((80, 16), dtype=np.float32) * 0.01
    weighed, losses = fitted_with(matrix, start, item_weights=1 + twice)
    both = sparse.hstack([matrix, matrix[:, twice]]).tocsr()
    repeated, same = fitted_with(both, np.vstack([start, start[twice]]))
    assert np.allclose(weighed.user_factors, repeated.user_factors, atol=1e-3)
    assert losses == pytest.approx(same, rel=1e-4)


def fitted_with(matrix, start=None, **weights):
    """Five iterations from ``start``, by default from small numbers."""
    losses = []
    model = ExactALS(factors=16, regularization=0.8, alpha=3.0, iterations=5, random_state=7)
    if start is None:
        start = np.random.default_rng(0).random((matrix.shape[1], 16), dtype=np.float32) * 0.01
    model.item_factors = start
    model.fit(matrix, callback=lambda i, s, value: losses.append(value), **weights)
    return model, losses


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
    history = sparse.csr_matrix(matrix[3] * np.float32(3))
    assert np.allclose(refolded, model.fold_in().solve(history)[0], atol=1e-4)
    total, _, _ = model.explain(3, matrix, items[0])
    assert total == pytest.approx(float(refolded @ model.item_factors[items[0]]), abs=1e-3)
    model.partial_fit_users([3], matrix[3])
    model.save(tmp_path / "model.npz")
    loaded = ExactALS.load(tmp_path / "model.npz")
    assert (loaded.item_factors == model.item_factors).all()


def test_lambda_that_grows_with_the_row_is_used_by_every_method(tmp_path):
    matrix = ratings()
    model, _ = fitted(ExactALS, matrix, frequency_scaling=1.0)
    plain, _ = fitted(ExactALS, matrix)
    assert not np.allclose(model.user_factors, plain.user_factors, atol=1e-3)
    folded = model.recalculate_user([3, 5], matrix[[3, 5]])
    confidence = matrix[[3]].toarray()[0].astype(np.float64) * 3
    y, c = model.item_factors.astype(np.float64), np.where(confidence > 0, confidence, 1)
    system = (y.T * c) @ y + 0.8 * c.mean() * np.eye(16)
    assert np.allclose(folded[0], np.linalg.solve(system, y.T @ confidence), atol=1e-4)
    assert np.allclose(model.recalculate_user(3, matrix[3]), folded[0])
    assert model.recalculate_item(2, matrix.T.tocsr()[2]).shape == (16,)
    with pytest.raises(ValueError, match="2 ids, 1 rows"):
        model.recalculate_user([3, 5], matrix[3])
    model.save(tmp_path / "model.npz")
    loaded = ExactALS.load(tmp_path / "model.npz")
    assert loaded.frequency_scaling == 1.0
    assert np.allclose(loaded.recalculate_user(3, matrix[3]), folded[0])


@pytest.mark.parametrize("n", [0, 1, 1000, 1001])
@pytest.mark.parametrize("drawn_before", [0, 1])
def test_numbers_are_skipped_as_if_they_were_drawn(n, drawn_before):
    """The initial item factors are those behind the user factors, which need not be drawn."""
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    for generator in (ours, theirs):
        generator.random(drawn_before, dtype=np.float32)
    _skip(ours, n)
    theirs.random(n, dtype=np.float32)
    following = [generator.random(9, dtype=np.float32).tolist() for generator in (ours, theirs)]
    assert following[0] == following[1]


def test_users_with_one_history_share_their_factors_until_all_are_asked_for():
    model = ExactALS(factors=2, iterations=2, random_state=0, num_threads=1)
    model.fit(sparse.csr_matrix(np.repeat(np.eye(3), [1, 4, 2], axis=0)))
    assert model.shared.rows.shape == (3, 2)
    np.testing.assert_array_equal(
        model.user_factors, np.repeat(model.shared.rows, [1, 4, 2], axis=0)
    )
    model.user_factors = np.zeros((7, 2))
    assert model.shared is None and not model.user_factors.any()
