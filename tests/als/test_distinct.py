"""Repeated rows of a matrix."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.als import DistinctRows, _distinct


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 5))
def test_equal_rows_are_found_and_counted(seed, rows, columns):
    values = np.random.default_rng(seed).integers(0, 3, (rows, columns)).astype(np.float32)
    distinct = DistinctRows.from_matrix(sparse.csr_matrix(values))
    unique, counts = np.unique(values, axis=0, return_counts=True)
    assert distinct.rows.shape == unique.shape
    assert (distinct.rows.toarray()[distinct.group] == values).all()
    assert sorted(distinct.counts) == sorted(counts)


def test_rows_that_share_a_hash_are_kept_apart(monkeypatch):
    monkeypatch.setattr(_distinct, "_hashes", lambda m: np.zeros(m.shape[0], dtype=np.uint64))
    values = np.array([[1, 0], [0, 1], [1, 0], [1, 1], [0, 0]], dtype=np.float32)
    found = DistinctRows.from_matrix(sparse.csr_matrix(values))
    assert (found.rows.toarray()[found.group] == values).all()
    assert found.counts.sum() == len(values)
