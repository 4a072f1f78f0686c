"""How sure we are that a user likes an item, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.als import confidence, liked, newer_items, recency_weighted, recency_weights
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters

DAY = 86_400_000
NEWEST = 1_700_000_000_000


def interactions(ratings, ages=None, timestamps=None):
    """One user with an item for each rating, ``ages`` in days before the newest."""
    n = len(ratings)
    if timestamps is None:
        timestamps = NEWEST - np.array(ages or [0] * n, dtype=np.int64) * DAY
    return Interactions(
        users=IdMap(["u"]),
        items=IdMap([str(i) for i in range(n)]),
        user=np.zeros(n, dtype=np.int32),
        item=np.arange(n, dtype=np.int32),
        rating=np.array(ratings, dtype=np.float32),
        timestamp=np.array(timestamps, dtype=np.int64),
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("linear", [2.0, 10.0]),
        ("log", [1 + 2 * np.log(2), 1 + 2 * np.log(6)]),
        ("constant", [2, 2]),
    ],
)
def test_each_function_of_the_rating(kind, expected):
    found = confidence(interactions([1, 5]), AlsParameters(confidence=kind, alpha=2.0))
    assert found.toarray()[0] == pytest.approx(expected)


def test_what_was_taken_again_counts_more():
    data = replace(interactions([2, 2, 2]), count=np.array([1, 3, 7], dtype=np.int32))
    found = confidence(data, AlsParameters(confidence="constant", alpha=2.0))
    assert found.toarray()[0].tolist() == [2, 4, 6]


def test_no_count_is_too_large():
    most = np.iinfo(np.int32).max
    data = replace(interactions([2, 2]), count=np.array([most, most - 1], dtype=np.int32))
    found = confidence(data, AlsParameters(confidence="constant", alpha=2.0))
    assert found.toarray()[0] == pytest.approx([62, 62])


def test_low_ratings_are_seen_but_not_liked():
    found = confidence(interactions([1, 5, 3]), AlsParameters(min_rating=3.0, alpha=1.0))
    assert found.nnz == 3
    assert liked(found).toarray().tolist() == [[0.0, 5.0, 3.0]]
    assert liked(found).nnz == 2
    assert found.nnz == 3  # the original is left alone


def test_what_exceeds_one_halves_with_age():
    data = interactions([4, 4, 4], ages=[20, 10, 0])
    found = confidence(data, AlsParameters(alpha=1.0, half_life_days=10.0))
    assert found.toarray()[0] == pytest.approx([1 + 3 / 4, 1 + 3 / 2, 4])


def test_age_needs_timestamps():
    data = interactions([1, 1], timestamps=[0, 1])
    with pytest.raises(ParameterError, match=r"als\.half_life_days needs timestamps"):
        confidence(data, AlsParameters(half_life_days=10.0))
    assert confidence(data, AlsParameters()).nnz == 2


def test_newer_items_count_more_in_a_query():
    assert recency_weights(np.array([0, 1, 2, 4]), 2.0) == pytest.approx([1, 2**-0.5, 0.5, 0.25])
    assert recency_weights(np.array([0, 9]), 0.0).tolist() == [1, 1]


def test_confidences_of_a_history_halve_with_newer_items():
    history = sparse.csr_matrix(np.array([[8, 0, 8, 8]], dtype=np.float32))
    weighted = recency_weighted(history, np.array([2, 0, 1]), half_life=1.0)
    assert weighted.toarray().tolist() == [[2, 0, 8, 4]]
    assert recency_weighted(history, np.array([2, 0, 1]), 0.0).toarray().tolist() == [[8, 0, 8, 8]]


def test_newer_items_are_counted_per_user_and_stored_in_the_order_of_the_matrix():
    data = Interactions(
        users=IdMap(["u", "v"]),
        items=IdMap(["a", "b", "c"]),
        user=np.array([0, 0, 0, 1, 1], dtype=np.int32),
        item=np.array([2, 0, 1, 1, 0], dtype=np.int32),
        rating=np.ones(5, dtype=np.float32),
        timestamp=np.arange(5),
    )
    assert newer_items(data).tolist() == [1, 0, 2, 0, 1]
    assert confidence(data, AlsParameters()).indices.tolist() == [0, 1, 2, 0, 1]
