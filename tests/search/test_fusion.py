import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.search._fusion import DEPTH, fuse, put_first

NOTHING = np.empty(0, dtype=np.int64), np.empty(0)


def answer(*pairs):
    return np.array([row for row, _ in pairs]), np.array([score for _, score in pairs])


def test_by_hand():
    """Short lists are stretched from 0: 8 -> 1, 4 -> 0.5 and 0.8 -> 1, 0.2 -> 0.25."""
    rows, scores = fuse(answer((7, 0.8), (3, 0.2)), answer((3, 8.0), (5, 4.0)), 0.25)
    assert rows.tolist() == [3, 5, 7]
    np.testing.assert_allclose(scores, [0.25 * 0.25 + 0.75, 0.75 * 0.5, 0.25])


def test_the_last_place_of_a_full_list_counts_nothing():
    full = np.arange(DEPTH), np.linspace(9, 5, DEPTH)
    _, scores = fuse(full, NOTHING, 1.0)
    assert scores[0] == 1
    assert scores[-1] == 0


def test_the_last_place_of_a_shorter_list_still_counts():
    short = np.arange(DEPTH - 1), np.linspace(9, 5, DEPTH - 1)
    _, scores = fuse(NOTHING, short, 0.0)
    assert scores[-1] == 5 / 9


@pytest.mark.parametrize("n", [3, DEPTH])
def test_equal_scores_are_all_best_and_ordered_by_row(n):
    rows, scores = fuse((np.arange(n)[::-1], np.full(n, 0.7)), NOTHING, 0.5)
    assert rows.tolist() == list(range(n))
    assert scores.tolist() == [0.5] * n


def test_exact_codes_are_put_first():
    hits = answer((7, 0.8), (3, 0.2), (9, 0.1))
    rows, scores = put_first(np.array([3, 5]), hits)
    assert rows.tolist() == [3, 5, 7, 9]
    assert scores.tolist() == [1.8, 1.8, 0.8, 0.1]
    assert put_first(np.array([], dtype=np.int64), hits) is hits
    assert [part.tolist() for part in put_first(np.array([4]), NOTHING)] == [[4], [1.0]]


def test_one_side_alone_keeps_its_order():
    one = answer((4, 0.9), (2, 0.5), (9, 0.1))
    for semantic, lexical in ((one, NOTHING), (NOTHING, one)):
        assert fuse(semantic, lexical, 0.3)[0].tolist() == [4, 2, 9]
    assert len(fuse(NOTHING, NOTHING, 0.3)[0]) == 0


lists = st.lists(st.tuples(st.integers(0, 30), st.floats(0.01, 9)), unique_by=lambda p: p[0])


@settings(deadline=None)
@given(lists, lists, st.floats(0, 1))
def test_every_answer_once_best_first_between_0_and_1(first, second, weight):
    both = [sorted(pairs, key=lambda p: -p[1]) for pairs in (first, second)]
    rows, scores = fuse(*(answer(*pairs) if pairs else NOTHING for pairs in both), weight)
    assert sorted(rows) == sorted({row for pairs in both for row, _ in pairs})
    assert (np.diff(scores) <= 0).all()
    assert ((scores >= 0) & (scores <= 1 + 1e-9)).all()
