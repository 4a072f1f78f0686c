"""From ids to row numbers and back."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.errors import UnknownIdError
from recsys_lib.ids import IdMap


@given(st.lists(st.text(), unique=True))
def test_there_and_back(names):
    ids = IdMap(names)
    assert len(ids) == len(names)
    assert ids.rows(names).tolist() == list(range(len(names)))
    assert [ids.row(name) for name in names] == list(range(len(names)))
    assert ids.ids().tolist() == ids.series().to_list() == names
    assert ids == IdMap(pl.Series(names, dtype=pl.String))


@pytest.mark.parametrize("kind", [list, iter, pl.Series])
@pytest.mark.parametrize("ids", [["a", "b", "c", "b"], ["a", "b", "b", "c"], ["b", "b"]])
def test_an_id_given_twice_is_named(kind, ids):
    with pytest.raises(ValueError, match="'b' occurs more than once"):
        IdMap(kind(ids))


def test_an_unknown_id_is_an_error_or_negative_as_the_argument_says():
    ids = IdMap(["a", "b"])
    assert ids.rows(["b", "z"], missing="negative").tolist() == [1, -1]
    with pytest.raises(UnknownIdError, match="unknown id 'z'"):
        ids.rows(["b", "z", "y"])
    with pytest.raises(UnknownIdError, match="unknown id 'z'"):
        ids.row("z")
    with pytest.raises(KeyError):  # what callers of a mapping expect
        ids.row("z")
    assert "a" in ids
    assert "z" not in ids
    assert ids.ids(np.array([1, 0, 1])).tolist() == ["b", "a", "b"]


def test_the_first_lookup_may_come_from_many_threads():
    names = [f"user {n}" for n in range(50_000)]
    for _ in range(5):
        ids = IdMap(names)
        with ThreadPoolExecutor(8) as pool:
            rows = list(pool.map(lambda n, ids=ids: ids.row(names[n]), range(0, 50_000, 5_000)))
        assert rows == list(range(0, 50_000, 5_000))
