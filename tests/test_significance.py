import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys_lib import significance as uncertainty
from recsys_lib.significance import bootstrap_interval, holm, paired_test


def test_the_interval_is_that_of_a_mean():
    values = (np.random.default_rng(0).random((4_000, 1)) < 0.12).astype(float)
    low, high = bootstrap_interval(values, seed=1)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert (high[0] - low[0]) / 2 == pytest.approx(half, rel=0.1)
    assert low[0] < values.mean() < high[0]


def test_the_interval_covers_as_often_as_it_says():
    generator = np.random.default_rng(2)
    inside = 0
    for trial in range(200):
        low, high = bootstrap_interval(generator.exponential(size=(100, 1)), seed=trial)
        inside += low[0] <= 1 <= high[0]
    assert 0.88 <= inside / 200 <= 0.99


def test_equal_to_scipy():
    gaps = np.random.default_rng(3).normal(0.25, 1, 60)
    theirs = stats.permutation_test(
        (gaps, np.zeros(60)), lambda a, b: np.mean(a - b), permutation_type="samples"
    )
    assert paired_test(gaps, seed=1) == pytest.approx(theirs.pvalue, abs=0.015)


def test_without_a_difference_p_is_uniform():
    generator = np.random.default_rng(4)
    p = [paired_test(generator.choice([-1.0, 0, 1], 60), seed=n) for n in range(100)]
    assert np.mean(np.array(p) < 0.05) <= 0.12
    assert 0.3 < np.mean(p) < 0.7
    assert paired_test(np.zeros(9), seed=0) == 1.0


def test_many_users_are_judged_as_few_are(monkeypatch):
    gaps = np.random.default_rng(5).choice([-1.0, 0, 0.52], 3_000, p=[0.2, 0.4, 0.4])
    by_formula = paired_test(gaps, seed=0)
    monkeypatch.setattr(uncertainty, "FEW", 10_000)
    assert by_formula == pytest.approx(paired_test(gaps, seed=0), abs=0.015)
    assert 0.02 < by_formula < 0.98


def test_holm_by_hand():
    p = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(p, [0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_is_between_no_correction_and_bonferroni(values):
    p = np.array(values)
    corrected = holm(p)
    assert (corrected >= p - 1e-12).all()
    assert (corrected <= np.minimum(p * len(p), 1) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
