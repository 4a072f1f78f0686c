"""The highest inner product of each vector: against all products, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.ranking import HighestProduct
from tests.support.products import vectors_and_items


def products(vectors, items, seen):
    found = vectors.astype(np.float64) @ items.T.astype(np.float64)
    found[seen.nonzero()] = 0
    return np.maximum(found, 0)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 600),
    st.integers(1, 700),
    st.sampled_from([1, 7, 33, 64]),
    st.sampled_from([0.0, 0.02, 1.0]),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_no_product_is_higher(seed, rows, n_items, width, density, of_one_length):
    rng = np.random.default_rng(seed)
    vectors, items, seen = vectors_and_items(
        rng, rows, n_items, width, density, of_one_length=of_one_length
    )
    every = products(vectors, items, seen)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(items, axis=1).max()
    guesses = rng.integers(-1, n_items, rows).astype(np.int32)
    for given_ in (None, guesses):
        found = HighestProduct.from_factors(items).of(vectors, seen, given_)
        theirs = np.where(found < 0, 0, every[np.arange(rows), found])
        assert (theirs >= every.max(axis=1) - 1e-5 * lengths).all()
        assert (every[np.arange(rows), found][found >= 0] > -1e-5 * lengths[found >= 0]).all()


@pytest.mark.parametrize("seen", [[0, 0, 1, 0], [1, 1, 1, 1]])
def test_seen_items_and_products_of_0_do_not_count(seen):
    items = np.eye(4, dtype=np.float32)
    vector = np.array([[0, 2, 5, -1]], dtype=np.float32)
    own = sparse.csr_matrix(np.array([seen], dtype=np.float32))
    (found,) = HighestProduct.from_factors(items).of(vector, own, np.array([2], np.int32))
    assert found == (-1 if all(seen) else 1)
    nothing = HighestProduct.from_factors(items).of(0 * vector, own)
    assert nothing.tolist() == [-1]
