"""Ids in their order, whichever way they are sorted."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.data.cleaning.duplicates import number_ids, number_ids_in_time

ids = st.text(max_size=3) | st.sampled_from(["a" * 16, "a" * 16 + "b", "a" * 17, "a" * 15 + "\0"])


@given(st.lists(st.tuples(ids, st.integers(0, 3)), min_size=1, max_size=30), st.integers(1, 3))
def test_ids_are_sorted_and_every_value_finds_its_own(rows, repeats):
    values, moments = zip(*rows * repeats, strict=True)
    column, times = pl.Series("id", values), pl.Series("time", moments)
    for distinct, positions, *order in number_ids(column), number_ids_in_time(column, times):
        assert distinct.to_list() == sorted(set(values), key=str.encode)
        assert distinct.gather(positions).to_list() == column.to_list()
        assert distinct.name == "id"
        for places in order:
            by_hand = sorted(range(len(values)), key=lambda i: (values[i].encode(), moments[i], i))
            assert places.tolist() == by_hand


def test_ids_that_differ_late_are_sorted_all_the_same():
    column = pl.Series("id", [f"customer-number-{i:04}" for i in (7, 2, 9, 2)])
    distinct, positions, order = number_ids_in_time(column, pl.Series("time", [1, 4, 2, 3]))
    assert distinct.to_list() == [f"customer-number-{i:04}" for i in (2, 7, 9)]
    assert positions.tolist() == [1, 0, 2, 0]
    assert order.tolist() == [3, 1, 0, 2]
