"""The highest inner products of each vector: against all products, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.ranking import (
    NO_ITEM,
    HighestProduct,
    best_items,
    best_products,
    products_at,
    shuffled_tie_order,
)
from tests.support.products import vectors_and_items


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 3, 70]),
    st.sampled_from([1, 40, 5000]),
    st.sampled_from([1, 7, 33, 150]),
    st.sampled_from([0.0, 0.02, 1.0]),
    st.booleans(),
    st.sampled_from([1, 10, 50]),
)
@settings(max_examples=40, deadline=None)
def test_no_other_product_is_higher(seed, rows, n_items, width, density, of_one_length, k):
    rng = np.random.default_rng(seed)
    vectors, items, seen = vectors_and_items(
        rng, rows, n_items, width, density, of_one_length=of_one_length
    )
    tie_order = shuffled_tie_order(n_items, seed)
    prepared = HighestProduct.from_factors(items)
    found, scores = best_products(prepared, items, vectors, seen, k, tie_order)

    every = vectors.astype(np.float64) @ items.T.astype(np.float64)
    every[seen.nonzero()] = -np.inf
    expected = -np.sort(-every, axis=1)[:, :k]
    close = 1e-5 * np.linalg.norm(vectors, axis=1) * np.linalg.norm(items, axis=1).max()
    n = expected.shape[1]
    there = found[:, :n] != NO_ITEM
    assert np.array_equal(there, np.isfinite(expected))
    assert (found[:, n:] == NO_ITEM).all()
    theirs = np.where(there, np.take_along_axis(every, found[:, :n], axis=1), -np.inf)
    assert (theirs >= np.where(there, expected - close[:, None], -np.inf)).all()
    assert all(len(set(row[row >= 0])) == (row >= 0).sum() for row in found)
    row, place = there.nonzero()
    products = np.empty(len(row), np.float32)
    products_at(vectors, items, row, found[row, place], products)
    assert np.array_equal(products, scores[row, place])


@pytest.mark.parametrize("k", [1, 3, 20])
def test_equal_products_come_in_the_tie_order(k):
    """Whole numbers multiply exactly, so that ties are ties; some items and vectors are 0."""
    rng = np.random.default_rng(k)
    items = rng.integers(-1, 2, (9000, 4)).astype(np.float32)
    vectors = rng.integers(-1, 2, (200, 4)).astype(np.float32)
    vectors[0] = 0
    seen = sparse.random(200, 9000, 0.1, "csr", np.float32, rng)
    scores = vectors @ items.T
    scores[seen.nonzero()] = -np.inf
    tie_order = shuffled_tie_order(9000, 1)
    prepared = HighestProduct.from_factors(items)
    found, best = best_products(prepared, items, vectors, seen, k, tie_order)
    assert np.array_equal(found, best_items(scores, k, tie_order))
    assert np.array_equal(best, np.take_along_axis(scores, found, axis=1))
