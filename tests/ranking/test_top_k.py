import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.evaluation import MostPopular, Random
from recsys_lib.ranking import top_k as ranking
from recsys_lib.ranking.top_k import ScoreError, top_k


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

    with pytest.raises(ScoreError, match=r"OneRow gave scores of the shape \(1, 4\) for 5 users"):
        top_k(OneRow(), np.arange(5), None, 2, seed=1)


def test_a_constant_model_scores_at_chance():
    """Ties must not be broken by item number: here the low numbers are the right answers."""
    n_items, k = 200, 10
    found = []
    for seed in range(300):
        lists = top_k(Fixed(np.zeros((1, n_items))), np.array([0]), None, k, seed=seed)
        found.append((lists < 20).sum())
    assert np.mean(found) == pytest.approx(k * 20 / n_items, rel=0.2)


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
    monkeypatch.setattr(ranking, "_BLOCK_CELLS", 70)
    np.testing.assert_array_equal(top_k(Random(30, 1), users, None, 5, seed=1), whole)


def test_most_popular_counts_users_not_stars():
    user_items = sparse.csr_matrix(np.array([[5, 1, 0], [0, 1, 0], [0, 1, 5]], dtype=np.float32))
    assert MostPopular(user_items).scores(np.array([0])).tolist() == [[1, 3, 1]]
