import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.evaluation import beyond


def test_coverage_counts_items_once_and_no_padding():
    assert beyond.coverage(np.array([[0, 1, -1], [1, 0, -1]]), 4) == 0.5


def test_novelty_is_surprise_in_bits():
    # 3 of 7 users have item 0: (3 + 1) / (7 + 1) is one bit; nobody has item 1: three bits.
    assert beyond.novelty(np.array([[0, 1, -1]]), np.array([3, 0]), 7) == pytest.approx(2)


def test_average_popularity():
    assert beyond.average_popularity(np.array([[0, -1], [2, 0]]), np.array([4, 9, 1])) == 3


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([[0, 1], [2, 3]], 0),  # all alike
        ([[0, 0], [0, 0]], 3 / 4),  # all to one of four: (n - 1) / n
        ([[0, 0], [0, 1]], (1 * 1 + 3 * 3) / (4 * 4)),
    ],
)
def test_gini_by_hand(lists, expected):
    assert beyond.gini(np.array(lists), 4) == pytest.approx(expected)


@given(st.lists(st.integers(0, 20), min_size=2, max_size=8).filter(any))
def test_gini_is_half_the_mean_difference(counts):
    """The other definition: sum |a - b| / (2 n² mean)."""
    lists = np.repeat(np.arange(len(counts)), counts)[:, None]
    c = np.array(counts)
    expected = np.abs(c[:, None] - c).sum() / (2 * len(c) ** 2 * c.mean())
    assert beyond.gini(lists, len(counts)) == pytest.approx(expected)


def test_diversity_is_the_mean_over_pairs_and_skips_items_without_text():
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(6, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[5] = 0
    lists = np.array([[0, 1, 2, -1], [3, 4, 5, -1], [5, 0, -1, -1]])
    cosine = vectors @ vectors.T
    first = 1 - (cosine[0, 1] + cosine[0, 2] + cosine[1, 2]) / 3
    second = 1 - cosine[3, 4]  # the third user has one text only, and no pair
    assert beyond.diversity(lists, vectors) == pytest.approx((first + second) / 2, abs=1e-6)


def test_empty_lists_have_no_quality():
    empty, popularity = np.full((2, 3), -1), np.array([1, 2])
    assert beyond.coverage(empty, 2) == 0
    assert np.isnan(beyond.novelty(empty, popularity, 3))
    assert np.isnan(beyond.average_popularity(empty, popularity))
    assert np.isnan(beyond.gini(empty, 2))
    assert np.isnan(beyond.diversity(empty, np.ones((2, 1), np.float32)))
