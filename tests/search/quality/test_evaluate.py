import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.search.quality.evaluate import METRICS, ndcg, recall, reciprocal_rank


def test_by_hand():
    """Grades 3, 0 (not judged), 1 at places 1 to 3; the best list has 3, 2, 1."""
    rows, grades = np.array([4, 9, 5]), {4: 3.0, 5: 1.0, 6: 2.0, 7: 0.0}
    found = 7 + 1 / math.log2(4)
    ideal = 7 + 3 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(rows, grades, 10) == pytest.approx(found / ideal)
    assert ndcg(rows, grades, 1) == 1
    assert recall(rows, grades, 3) == pytest.approx(2 / 3)
    assert recall(rows, grades, 1) == pytest.approx(1 / 3)
    assert reciprocal_rank(rows[1:], grades, 10) == 0.5


def test_nothing_to_find_is_no_number():
    for measure in (ndcg, recall, reciprocal_rank):
        assert math.isnan(measure(np.array([1, 2]), {1: 0.0}, 10))


def test_nothing_found_is_zero():
    for measure in (ndcg, recall, reciprocal_rank):
        assert measure(np.array([], dtype=np.int64), {1: 2.0}, 10) == 0
        assert measure(np.array([7, 8]), {1: 2.0}, 10) == 0


@pytest.mark.parametrize(
    ("rank", "values"),
    [(10, (1 / math.log2(11), 1, 1 / 10)), (11, (0, 1, 1 / 11)), (100, (0, 1, 1 / 100))],
)
def test_each_metric_is_cut_at_its_depth(rank, values):
    rows = np.arange(200)
    measured = [measure(rows, {rank - 1: 1.0}) for measure in METRICS.values()]
    assert measured == pytest.approx(values)
    assert [measure(rows, {100: 1.0}) for measure in METRICS.values()] == [0, 0, 0]


def test_a_product_outside_of_the_index_counts_as_missed():
    assert recall(np.array([3]), {3: 1.0, -1: 1.0}, 10) == 0.5


@pytest.mark.slow  # ranx compiles for seconds
@settings(deadline=None)
@given(
    st.lists(st.integers(0, 25), min_size=1, max_size=25, unique=True),
    st.dictionaries(st.integers(0, 25), st.integers(0, 3), min_size=1),
)
def test_equals_ranx(rows, grades):
    from ranx import Qrels, Run, evaluate

    if not any(grades.values()):
        return
    qrels = Qrels({"q": {str(row): grade for row, grade in grades.items()}})
    run = Run({"q": {str(row): 1.0 - n / 100 for n, row in enumerate(rows)}})
    theirs = evaluate(qrels, run, ["ndcg_burges@10", "recall@10", "mrr@10"])
    found = np.array(rows)
    assert ndcg(found, grades, 10) == pytest.approx(theirs["ndcg_burges@10"])
    assert recall(found, grades, 10) == pytest.approx(theirs["recall@10"])
    assert reciprocal_rank(found, grades, 10) == pytest.approx(theirs["mrr@10"])
