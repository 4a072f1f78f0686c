"""How sure we are that a user likes an item, by hand."""

import numpy as np
import pytest

from recsys_lib.als.confidence import confidence, liked, recency_weights
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


def test_age_needs_times():
    data = interactions([1, 1], timestamps=[0, 1])
    with pytest.raises(ParameterError, match=r"als\.half_life_days needs times"):
        confidence(data, AlsParameters(half_life_days=10.0))
    assert confidence(data, AlsParameters()).nnz == 2


def test_newer_items_count_more_in_a_query():
    assert recency_weights(np.array([0, 1, 2, 4]), 2.0) == pytest.approx([1, 2**-0.5, 0.5, 0.25])
    assert recency_weights(np.array([0, 9]), 0.0).tolist() == [1, 1]
