import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from recsys_lib.errors import ScoreError
from recsys_lib.evaluation import MostPopular, Random
from recsys_lib.ranking import (
    _top_k,
    best_first,
    best_items,
    keep_largest,
    positions_within,
    rank_scores,
    shuffled_tie_order,
    top_k,
)


class Fixed:
    """Scores as given."""

    def __init__(self, table):
        self.table = np.array(table, dtype=np.float32)

    def scores(self, users):
        return self.table[users].copy()


def test_best_first_and_seen_removed():
    seen = sparse.csr_matrix(np.array([[0, 0, 1, 0], [1, 1, 1, 0]]))
    model = Fixed([[0.1, 0.4, 0.9, 0.2], [3, 2, 1, 0]])
    lists = top_k(model, np.array([0, 1]), seen, 3, seed=1)
    assert lists.tolist() == [[1, 3, 0], [3, -1, -1]]


def test_a_list_is_never_longer_than_the_catalogue():
    assert top_k(Fixed([[1, 2]]), np.array([0]), None, 4, seed=1).tolist() == [[1, 0, -1, -1]]


def test_no_users_no_lists():
    empty = np.array([], dtype=np.int32)
    assert top_k(Fixed([[1, 2]]), empty, None, 2, seed=1).shape == (0, 2)


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_refused(score):
    with pytest.raises(ScoreError, match="Fixed gave NaN or infinity"):
        top_k(Fixed([[1, score]]), np.array([0]), None, 1, seed=1)


def test_a_row_for_each_user_is_demanded():
    class OneRow:
        def scores(self, users):
            return np.ones((1, 4), dtype=np.float32)

    with pytest.raises(ScoreError, match=r"OneRow gave scores of shape \(1, 4\) for 5 users"):
        top_k(OneRow(), np.arange(5), None, 2, seed=1)


def test_a_constant_model_scores_at_chance():
    """Ties must not be broken by item number: here the low numbers are the right answers."""
    n_items, k = 200, 10
    found = []
    for seed in range(300):
        lists = top_k(Fixed(np.zeros((1, n_items))), np.array([0]), None, k, seed=seed)
        found.append((lists < 20).sum())
    assert np.mean(found) == pytest.approx(k * 20 / n_items, rel=0.2)


def test_a_tie_order_is_a_seeded_permutation():
    order = shuffled_tie_order(50, 3)
    assert sorted(order.tolist()) == list(range(50))
    assert order.tolist() == shuffled_tie_order(50, 3).tolist()
    assert order.tolist() != shuffled_tie_order(50, 4).tolist()


# A few values in long rows, so that ties lie at the border of every list and across the pieces in
# which scores are looked through.
TIED = hnp.arrays(np.float32, st.tuples(st.just(3), st.integers(1, 90)), elements=st.integers(0, 4))


@given(TIED, st.integers(1, 40), st.integers(0, 1000), st.sampled_from([-np.inf, 0, 2]))
def test_of_equal_scores_the_lower_tie_order_comes_first(scores, k, seed, above):
    n = scores.shape[1]
    tie_order = shuffled_tie_order(n, seed)
    items = best_items(scores, k, tie_order, above=above)
    for row, found in zip(scores, items, strict=True):
        expected = [i for i in np.lexsort((tie_order, -row)) if row[i] > above][:k]
        assert found.tolist() == expected + [-1] * (k - len(expected))


def test_seen_items_leave_the_ranking():
    seen = sparse.csr_matrix(np.array([[1, 0, 0], [0, 0, 0]]))
    scores = np.array([[9, 5, 5], [9, 5, 5]], dtype=np.float32)
    tie_order = np.array([0, 2, 1], np.int32)
    assert rank_scores(scores, seen, tie_order, 3).tolist() == [[2, 1, -1], [0, 2, 1]]


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_equal_to_a_full_sort(seed, k):
    generator = np.random.default_rng(seed)
    table = generator.permutation(5 * 9).reshape(5, 9)
    seen = sparse.random(5, 9, 0.3, format="csr", random_state=seed)
    lists = top_k(Fixed(table), np.arange(5), seen, k, seed=seed)
    for user in range(5):
        allowed = [i for i in np.argsort(-table[user]) if seen[user, i] == 0][:k]
        assert lists[user][: len(allowed)].tolist() == allowed
        assert (lists[user][len(allowed) :] == -1).all()


def test_blocks_do_not_change_the_lists(monkeypatch):
    users = np.arange(40)
    whole = top_k(Random(30, 1), users, None, 5, seed=1)
    monkeypatch.setattr(_top_k, "_BLOCK_CELLS", 70)
    np.testing.assert_array_equal(top_k(Random(30, 1), users, None, 5, seed=1), whole)


def test_a_machine_that_does_not_tell_its_cores_has_one(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert top_k(Fixed([[1, 2]]), np.array([0]), None, 2, seed=1).tolist() == [[1, 0]]


@given(
    hnp.arrays(st.sampled_from([np.float64, np.float32, np.int64]), 30, elements=st.integers(0, 5)),
    st.none() | st.integers(0, 35),
)
def test_the_best_of_one_list_are_those_of_a_stable_sort(scores, k):
    assert best_first(scores, k).tolist() == np.argsort(-scores, kind="stable")[:k].tolist()


def test_every_length_of_one_list_is_the_start_of_the_whole():
    scores = np.random.default_rng(0).integers(0, 6, 29)
    whole = np.argsort(-scores, kind="stable").tolist()
    assert [best_first(scores, k).tolist() for k in range(31)] == [whole[:k] for k in range(31)]


def test_the_largest_of_a_sparse_row_are_kept():
    rows = [[0, 5, 3, 5, 4], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [2, 2, 2, 2, 2]]
    kept = keep_largest(sparse.csr_matrix(np.array(rows, dtype=np.float32)), 2)
    assert kept.toarray().tolist() == [
        [0, 5, 0, 5, 0],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [2, 2, 0, 0, 0],
    ]


@given(TIED, st.integers(0, 1000))
def test_positions_are_those_in_a_sorted_list(scores, seed):
    scores, n = scores[0], scores.shape[1]
    tie_order = np.random.default_rng(seed).random(n)
    start, stop = n // 3, n
    rows = np.arange(start, stop)
    bounds = np.full(len(rows), start), np.full(len(rows), stop)
    order = rows[np.lexsort((tie_order[rows], -scores[rows]))]
    found = positions_within(scores, tie_order, rows, *bounds)
    assert found[order - start].tolist() == list(range(len(rows)))


def test_most_popular_counts_users_not_stars():
    user_items = sparse.csr_matrix(np.array([[5, 1, 0], [0, 1, 0], [0, 1, 5]], dtype=np.float32))
    assert MostPopular(user_items).scores(np.array([0])).tolist() == [[1, 3, 1]]
