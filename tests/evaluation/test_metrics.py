import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.evaluation import metrics

LOG3 = np.log2(3)


def measure(lists, relevant, n_items=6):
    """(recall, ndcg, ap) of one user with a list and a set of relevant items."""
    row = np.zeros((1, n_items))
    row[0, list(relevant)] = 1
    matrix = sparse.csr_matrix(row)
    found = metrics.hits(np.array([lists]), matrix)
    n_relevant = np.diff(matrix.indptr)
    per_user = (metrics.recall, metrics.ndcg, metrics.average_precision)
    return [float(metric(found, n_relevant)[0]) for metric in per_user]


@pytest.mark.parametrize(
    ("lists", "relevant", "expected"),
    [
        ([0, 1, 2], {0}, [1, 1, 1]),
        ([0, 1, 2], {1}, [1, 1 / LOG3, 1 / 2]),
        ([0, 1, 2], {2}, [1, 1 / 2, 1 / 3]),
        ([0, 1, 2], {5}, [0, 0, 0]),
        # Two relevant, found at places 1 and 3: AP = (1/1 + 2/3) / 2.
        ([0, 1, 2], {0, 2}, [1, 1.5 / (1 + 1 / LOG3), 5 / 6]),
        # Four relevant and a list of two: nDCG and AP can be 1, recall cannot.
        ([0, 1], {0, 1, 2, 3}, [1 / 2, 1, 1]),
        # A list that is shorter than k.
        ([4, -1, -1], {4}, [1, 1, 1]),
        ([-1, -1, -1], {4}, [0, 0, 0]),
    ],
)
def test_by_hand(lists, relevant, expected):
    assert measure(lists, relevant) == pytest.approx(expected)


@pytest.mark.parametrize("metric", metrics.ACCURACY.values(), ids=list(metrics.ACCURACY))
def test_nothing_relevant_is_not_a_number(metric):
    with np.errstate(all="raise"):
        assert np.isnan(metric(np.array([[False, False]]), np.array([0]))).all()


def test_the_end_of_a_short_list_is_not_an_item_of_the_user_before():
    relevant = sparse.csr_matrix(np.array([[0, 0, 1], [1, 0, 0]]))
    lists = np.array([[0, 1], [1, -1]])
    assert metrics.hits(lists, relevant).tolist() == [[False, False], [False, False]]


def test_hits_are_those_of_the_own_user():
    relevant = sparse.csr_matrix(np.array([[0, 1, 0], [0, 0, 1], [1, 0, 1]]))
    lists = np.array([[1, 0], [0, 2], [2, 0]])
    assert metrics.hits(lists, relevant).tolist() == [[True, False], [False, True], [True, True]]


@pytest.mark.parametrize(
    ("lists", "relevant", "precision", "hit_rate", "mrr"),
    [
        ([0, 1, 2], {0}, 1 / 3, 1, 1),
        ([0, 1, 2], {1, 2, 5}, 2 / 3, 1, 1 / 2),
        ([0, 1, 2], {5}, 0, 0, 0),
        # A shorter list: precision still divides by k.
        ([4, -1, -1], {4}, 1 / 3, 1, 1),
    ],
)
def test_precision_hit_rate_and_mrr_by_hand(lists, relevant, precision, hit_rate, mrr):
    row = np.zeros((1, 6))
    row[0, list(relevant)] = 1
    found = metrics.hits(np.array([lists]), sparse.csr_matrix(row))
    n = np.array([len(relevant)])
    assert metrics.precision(found, n)[0] == pytest.approx(precision)
    assert metrics.hit_rate(found, n)[0] == hit_rate
    assert metrics.reciprocal_rank(found, n)[0] == pytest.approx(mrr)


LISTS = st.permutations(range(6)).flatmap(
    lambda p: st.integers(1, 6).map(lambda k: list(p[:k]) + [-1] * (6 - k))
)


@given(LISTS, st.sets(st.integers(0, 5), min_size=1))
def test_bounds_and_monotony(lists, relevant):
    before = 0.0
    for k in range(1, 7):
        recall, ndcg, ap = measure(lists[:k], relevant)
        assert 0 <= ap <= 1 + 1e-12
        assert 0 <= ndcg <= 1
        assert before <= recall <= 1
        before = recall


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unsafe cast")  # inside ranx
def test_equal_to_ranx():
    from ranx import Qrels, Run
    from ranx import evaluate as ranx_evaluate

    generator = np.random.default_rng(3)
    users, n_items, k = 50, 30, 10
    lists = np.array([generator.permutation(n_items)[:k] for _ in range(users)])
    relevant = generator.random((users, n_items)) < 0.15
    relevant[~relevant.any(axis=1), 0] = True
    qrels = Qrels({str(u): {str(i): 1 for i in np.flatnonzero(relevant[u])} for u in range(users)})
    run = Run(
        {str(u): {str(i): float(k - r) for r, i in enumerate(lists[u])} for u in range(users)}
    )
    # ranx divides AP by all relevant items, we by at most k of them: the same up to k.
    assert relevant.sum(axis=1).max() <= k
    matrix = sparse.csr_matrix(relevant.astype(float))
    found, n_relevant = metrics.hits(lists, matrix), np.diff(matrix.indptr)
    theirs = ranx_evaluate(qrels, run, [f"{name}@{k}" for name in metrics.ACCURACY])
    for name, metric in metrics.ACCURACY.items():
        assert metric(found, n_relevant).mean() == pytest.approx(theirs[f"{name}@{k}"]), name
