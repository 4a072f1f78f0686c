import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recsys_lib import significance
from recsys_lib.significance import (
    PairedDifference,
    bootstrap_interval,
    half_width,
    holm,
    paired_comparison,
    paired_test,
    verdict,
)
from recsys_lib.verdicts import independent_verdict


@pytest.mark.parametrize("n", [100, 2_500])
def test_the_interval_of_a_known_distribution_has_the_right_width(n):
    """Of the mean of n values with standard deviation 1: 2 * 1.96 / sqrt(n), to 2 %."""
    values = np.random.default_rng(0).normal(0, 1, (n, 40))
    values = (values - values.mean(axis=0)) / values.std(axis=0) + 7
    low, high = bootstrap_interval(values, seed=1)
    assert np.mean(high - low) == pytest.approx(2 * 1.96 / math.sqrt(n), rel=0.02)
    assert np.mean((low + high) / 2) == pytest.approx(7, abs=0.1 / math.sqrt(n))


@pytest.mark.slow
def test_the_interval_covers_as_often_as_it_says():
    generator = np.random.default_rng(2)
    inside = 0
    for trial in range(100):
        low, high = bootstrap_interval(generator.exponential(size=(100, 1)), seed=trial)
        inside += low[0] <= 1 <= high[0]
    assert 0.88 <= inside / 100 <= 0.99


def test_blocks_do_not_change_the_interval(monkeypatch):
    values = np.random.default_rng(3).random((50, 2))
    whole = bootstrap_interval(values, seed=1)
    monkeypatch.setattr(significance, "_BLOCK_CELLS", 350)
    np.testing.assert_allclose(bootstrap_interval(values, seed=1), whole)


def test_half_the_width_leaves_out_who_has_no_value():
    values = np.random.default_rng(4).normal(0, 3, 900)
    with_gaps = np.concatenate([values, np.full(500, np.nan)])
    assert half_width(with_gaps, seed=1) == half_width(values, seed=1)
    assert half_width(values, seed=1) == pytest.approx(1.96 * 3 / 30, rel=0.1)
    assert math.isnan(half_width(np.full(3, np.nan), seed=1))


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_few_users_prove_nothing_however_values_round(n):
    """All signs alike: 2 of the 2^n patterns are as extreme."""
    for value in (0.1, 0.3, 0.614, 1 / 3, 0.7, 0.9):
        assert paired_test(np.full(n, value), seed=0) == pytest.approx(2 / 2**n, abs=0.02)
    unequal = np.random.default_rng(n).random(n)
    assert paired_test(unequal, seed=0) == pytest.approx(2 / 2**n, abs=0.02)


def test_equal_to_scipy():
    gaps = np.random.default_rng(3).normal(0.25, 1, 60)
    theirs = stats.permutation_test(
        (gaps, np.zeros(60)), lambda a, b: np.mean(a - b), permutation_type="samples"
    )
    assert paired_test(gaps, seed=1) == pytest.approx(theirs.pvalue, abs=0.015)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_a_few_users_who_all_agree(n):
    """Of 2^n patterns of signs two are as extreme."""
    assert paired_test(np.ones(n), seed=0) == pytest.approx(2 / 2**n, abs=0.02)


def test_the_smallest_p_counts_the_observed_pattern():
    assert paired_test(np.ones(60), seed=0) == 1 / (significance.FLIPS + 1)


def test_without_a_difference_p_is_uniform():
    generator = np.random.default_rng(4)
    p = [paired_test(generator.choice([-1.0, 0, 1], 60), seed=n) for n in range(100)]
    assert np.mean(np.array(p) < 0.05) <= 0.12
    assert 0.3 < np.mean(p) < 0.7
    assert paired_test(np.zeros(9), seed=0) == 1.0


def test_many_users_are_judged_as_few_are(monkeypatch):
    gaps = np.random.default_rng(5).choice([-1.0, 0, 0.52], 3_000, p=[0.2, 0.4, 0.4])
    by_formula = paired_test(gaps, seed=0)
    assert by_formula == paired_test(-gaps, seed=0)
    monkeypatch.setattr(significance, "FEW", 10_000)
    assert by_formula == pytest.approx(paired_test(gaps, seed=0), abs=0.015)
    assert 0.02 < by_formula < 0.98


def test_the_formula_begins_above_few_users():
    """With exactly FEW users who differ the p-value is drawn, and so a multiple of 1 / 10,000."""
    gaps = np.random.default_rng(6).choice([-1.0, 1.0], significance.FEW, p=[0.48, 0.52])
    drawn = paired_test(gaps, seed=0) * (significance.FLIPS + 1)
    assert drawn == pytest.approx(round(drawn), abs=1e-6)
    computed = paired_test(np.append(gaps, [1.0, -1.0]), seed=0) * (significance.FLIPS + 1)
    assert computed != pytest.approx(round(computed), abs=1e-6)


def test_a_comparison_is_interval_and_test_of_the_differences():
    generator = np.random.default_rng(7)
    theirs = generator.random(80)
    mine = theirs + generator.normal(0.1, 0.1, 80)
    found = paired_comparison(mine, theirs, seed=3)
    low, high = bootstrap_interval((mine - theirs)[:, None], seed=3)
    assert (found.low, found.high) == (low[0], high[0])
    assert found.mean == pytest.approx(np.mean(mine) - np.mean(theirs))
    assert found.p == paired_test(mine - theirs, seed=3)
    assert found.verdict == "better"
    assert paired_comparison(theirs, mine, seed=3).verdict == "worse"
    assert paired_comparison(mine, mine, seed=3) == PairedDifference(0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("difference", "p", "expected"),
    [
        (0.1, 0.05, "better"),
        (0.1, 0.0501, "within noise"),
        (-0.1, 0.05, "worse"),
        (-0.1, 1.0, "within noise"),
    ],
)
def test_a_p_value_up_to_five_percent_is_beyond_noise(difference, p, expected):
    assert verdict(difference, p) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [(5.0, "within noise"), (-5.0, "within noise"), (5.01, "better"), (-5.01, "worse")],
)
def test_independent_intervals_add_up_as_squares(change, expected):
    assert independent_verdict(change, 3.0, 4.0) == expected
    assert independent_verdict(change, 4.0, 3.0) == expected


def test_holm_by_hand():
    p = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(p, [0.03, 0.06, 0.06, 0.02])


def test_holm_never_exceeds_one():
    assert holm(np.array([0.9, 0.6])).tolist() == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_is_between_no_correction_and_bonferroni(values):
    p = np.array(values)
    corrected = holm(p)
    assert (corrected >= p - 1e-12).all()
    assert (corrected <= np.minimum(p * len(p), 1) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()
