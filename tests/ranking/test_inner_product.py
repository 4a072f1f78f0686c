"""The best items of many vectors: against a full sort, and against implicit's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.als import ExactALS
from recsys_lib.ranking import MaximumInnerProduct


def random_seen(rng, rows, items, density):
    return sparse.random(rows, items, density, "csr", np.float32, rng)


def sorted_scores(vectors, item_factors, seen, n):
    """Scores of the n best unseen items, and of all items; in float64."""
    scores = vectors.astype(np.float64) @ item_factors.T.astype(np.float64)
    rows, items = seen.nonzero()
    scores[rows, items] = -np.inf
    best = -np.sort(-scores, axis=1)[:, :n]
    return np.pad(best, ((0, 0), (0, n - best.shape[1])), constant_values=-np.inf), scores


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 600),
    st.integers(1, 1200),
    st.integers(1, 33),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.02, 0.9, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_equals_a_full_sort(seed, rows, items, factors, n, density):
    rng = np.random.default_rng(seed)
    spread = rng.exponential(1, (items, 1)) ** 3  # norms fall steeply, so much is skipped
    item_factors = (spread * rng.standard_normal((items, factors))).astype(np.float32)
    vectors = rng.standard_normal((rows, factors)).astype(np.float32)
    seen = random_seen(rng, rows, items, density)
    found, scores = MaximumInnerProduct.from_factors(item_factors).best(vectors, seen, n)
    expected, every = sorted_scores(vectors, item_factors, seen, n)
    left = np.isfinite(expected)
    lengths = np.linalg.norm(vectors, axis=1), np.linalg.norm(item_factors, axis=1).max()
    rounding = 1e-5 * np.broadcast_to(lengths[0][:, None] * lengths[1], left.shape)[left]
    np.testing.assert_array_equal(found >= 0, left)
    np.testing.assert_array_equal(np.isfinite(scores), left)
    assert (np.abs(scores[left] - expected[left]) <= rounding).all()
    own = np.take_along_axis(every, np.maximum(found, 0), axis=1)  # -inf where an item is seen
    assert (np.abs(scores[left] - own[left]) <= rounding).all()
    assert all(len(set(row[row >= 0])) == (row >= 0).sum() for row in found)


def test_a_zero_vector_gets_the_longest_items_it_has_not_seen():
    item_factors = np.diag(np.arange(1, 6)).astype(np.float32)
    seen = sparse.csr_matrix(np.array([[0, 0, 0, 1, 0]], dtype=np.float32))
    found, scores = MaximumInnerProduct.from_factors(item_factors).best(
        np.zeros((1, 5), np.float32), seen, 3
    )
    assert found.tolist() == [[4, 2, 1]]
    assert scores.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("n", [1, 10])
def test_equals_the_librarys_batch_recommend(n):
    rng = np.random.default_rng(1)
    user_items = random_seen(rng, 400, 900, 0.01)
    user_items.data[:] = 5
    model = ExactALS(factors=16, iterations=3, random_state=1)
    model.fit(user_items)
    users = np.arange(400)
    theirs, their_scores = model.recommend(users, user_items, N=n, filter_already_liked_items=True)
    ours, scores = MaximumInnerProduct.from_factors(model.item_factors).best(
        model.user_factors, user_items, n
    )
    np.testing.assert_allclose(scores, their_scores, rtol=1e-4, atol=1e-6)
    assert (ours == theirs).mean() > 0.99  # ties aside


def test_ties_are_in_the_order_of_falling_norm_then_of_item_numbers():
    """Eight items score the same: half of them are twice as long, across the vector."""
    item_factors = np.ones((8, 2), dtype=np.float32)
    item_factors[1::2, 1] = 2
    vectors = np.array([[1, 0]], dtype=np.float32)
    nothing = sparse.csr_matrix((1, 8), dtype=np.float32)
    search = MaximumInnerProduct.from_factors(item_factors)
    for n in (1, 3, 8):
        found, _ = search.best(vectors, nothing, n)
        assert found.tolist() == [[1, 3, 5, 7, 0, 2, 4, 6][:n]]


def test_items_beyond_the_first_tile_are_found():
    """The best score belongs to the shortest item, in the last tile; the bound must not hide it."""
    norms = np.linspace(2, 1, 1_300, dtype=np.float32)
    item_factors = np.stack([np.zeros_like(norms), norms], axis=1)
    item_factors[-1] = (1, 0)
    nothing = sparse.csr_matrix((1, 1_300), dtype=np.float32)
    found, scores = MaximumInnerProduct.from_factors(item_factors).best(
        np.array([[1, 0]], dtype=np.float32), nothing, 1
    )
    assert found.tolist() == [[1_299]]
    assert scores.tolist() == [[1]]
