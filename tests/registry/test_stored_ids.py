"""Ids on disk: they answer like those in memory."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.errors import UnknownIdError
from recsys_lib.ids import IdMap
from recsys_lib.registry import stored_ids
from recsys_lib.registry.id_writing import StoredIdsWriter
from recsys_lib.registry.stored_ids import StoredIds

MANY = 3_000
"""Some blocks of those that a search begins with."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ids")


def stored(folder, *blocks):
    """The ids of some blocks, written and opened."""
    (folder / "ids.order.npy").unlink(missing_ok=True)
    with StoredIdsWriter(folder, "ids") as writer:
        for block in blocks:
            writer.add(pl.Series(block, dtype=pl.String))
    return StoredIds.open(folder, "ids")


@given(st.lists(st.text(), unique=True), st.lists(st.text()), st.integers(1, 4), st.integers(1, 3))
def test_they_answer_like_those_in_memory(folder, names, others, block, step):
    """Of any texts, such as empty ones and beginnings of each other, in any order and blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_ids, "BLOCK", block)  # so that few ids have several blocks
        found = stored(folder, *(names[at : at + step] for at in range(0, len(names), step)))
        expected, asked = IdMap(names), names + others
        assert len(found) == len(names)
        assert found.ids().tolist() == found.series().to_list() == names
        rows = np.arange(len(names))[::-1]
        assert found.ids(rows).tolist() == names[::-1]
        assert found.rows(asked, "negative").tolist() == expected.rows(asked, "negative").tolist()
        assert [name in found for name in asked] == [name in expected for name in asked]
        assert found.rows_in(expected).tolist() == rows[::-1].tolist()
        assert expected.rows_in(found).tolist() == rows[::-1].tolist()
        in_order = sorted(names, key=str.encode)
        for name in asked:
            beginning = [one for one in in_order if one.startswith(name)]
            assert found.starting_with(name) == beginning
            assert found.starting_with(name, 1) == beginning[:1]


@settings(max_examples=50)
@given(st.lists(st.text("aAbBß", max_size=4), unique=True), st.text("aAbB ", max_size=5))
def test_another_case_is_found(folder, names, key):
    found = stored(folder, names).spelled_like(key)
    same = {name for name in names if name.lower() == key.strip().lower()}
    assert found in same if same else found is None


@pytest.mark.parametrize("backwards", [False, True])
def test_many_ids_are_found_in_any_order(folder, backwards):
    names = [f"user {n:05}" for n in range(MANY)]
    names = names[::-1] if backwards else names
    found = stored(folder, names[: MANY // 2], names[MANY // 2 :])
    assert found.rows(names).tolist() == list(range(MANY))
    assert found.starting_with("user 0299") == [f"user {n:05}" for n in range(2990, 3000)]
    assert (found._order is None) is not backwards
    assert sorted(found.around("user 01000x", 2)) == [
        f"user {n:05}" for n in (999, 1000, 1001, 1002)
    ]
    assert found.around("zzz", 1) == ["user 02999"]


def test_an_unknown_id_is_an_error_that_names_it(folder):
    found = stored(folder, ["a", "b"])
    for key in ("z", "", "A", "half a character: \ud800"):
        with pytest.raises(UnknownIdError, match="unknown id"):
            found.row(key)
    with pytest.raises(UnknownIdError, match="unknown id 'z'"):
        found.rows(["b", "z", "y"])
    assert 7 not in found


@pytest.mark.parametrize("blocks", [[["a", "a"]], [["a", "b"], ["b"]], [["b"], ["a"], ["b"]]])
def test_an_id_given_twice_is_named(folder, blocks):
    with pytest.raises(ValueError, match=r"'[ab]' occurs more than once"):
        stored(folder, *blocks)


def test_a_lookup_reads_one_block_of_the_disk(folder):
    """Every read of the arrays on disk is counted: what does not grow with the ids is opened."""
    names = [f"user {n:05}" for n in range(MANY)]
    found, places = stored(folder, names), []

    class Spied(type(found._sorted)):
        def __getitem__(self, position):
            places.append(position)
            return super().__getitem__(position)

    found._sorted.__class__ = Spied
    assert found.row("user 01234") == 1234
    assert len({place // stored_ids.BLOCK for place in places}) == 1
    assert isinstance(found._text.base, np.memmap)
    assert len(found._first) == -(-MANY // stored_ids.BLOCK)
