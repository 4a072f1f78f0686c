"""Discounts and ideal lists, by hand."""

import numpy as np
import pytest

from recsys_lib.ranking import dcg, discounted_gains, ideal_dcg

SECOND, THIRD = 1 / np.log2(3), 1 / 2


def test_a_list_by_hand():
    assert dcg(np.array([1.0, 0.0, 1.0])) == pytest.approx(1 + THIRD)
    assert dcg(np.array([3.0, 7.0])) == pytest.approx(3 + 7 * SECOND)
    assert dcg(np.array([])) == 0
    rows = np.array([[True, False, True], [False, True, False]])
    assert dcg(rows).tolist() == pytest.approx([1 + THIRD, SECOND])


def test_the_ideal_list_has_all_hits_on_top():
    found = ideal_dcg(np.array([0, 1, 2, 3, 9]), 3)
    assert found.tolist() == pytest.approx([0, 1, 1 + SECOND, *[1 + SECOND + THIRD] * 2])


def test_a_hit_from_position_k_on_is_worth_nothing():
    found = discounted_gains(np.array([0, 1, 2, 3, 1000]), 3)
    assert found.tolist() == pytest.approx([1, SECOND, THIRD, 0, 0])
