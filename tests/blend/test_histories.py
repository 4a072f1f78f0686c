"""Histories by hand: what is in them, and for whom."""

import numpy as np

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.blend.sources.popularity import recent_counts
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters

LINEAR = AlsParameters(confidence="linear", alpha=0.5)


def interactions(users, items, ratings, times):
    return Interactions(
        users=IdMap("abcd"),
        items=IdMap("wxyz"),
        user=np.array(users, np.int32),
        item=np.array(items, np.int32),
        rating=np.array(ratings, np.float32),
        timestamp=np.array(times, np.int64),
    )


def histories(strengths, indptr=(0, 2, 2, 5)):
    n = len(strengths)
    return Histories(
        indptr=np.array(indptr),
        items=np.arange(n, dtype=np.int32),
        newer=np.zeros(n, dtype=np.int32),
        confidences=np.ones(n, dtype=np.float32),
        strength=np.array(strengths, dtype=np.float32),
        liked=np.ones(n, dtype=bool),
        n_items=n,
    )


def test_only_entries_that_say_something_are_strong():
    strong = histories([0, 0.25, 1, 0, 2]).strong()
    assert strong.indptr.tolist() == [0, 1, 1, 3]
    assert strong.items.tolist() == [1, 2, 4]
    assert strong.strength.tolist() == [0.25, 1, 2]


def test_users_are_taken_in_any_order_and_as_often_as_wanted():
    taken = histories([1, 2, 3, 4, 5]).take(np.array([2, 1, 0, 2]))
    assert taken.indptr.tolist() == [0, 3, 3, 5, 8]
    assert taken.items.tolist() == [2, 3, 4, 0, 1, 2, 3, 4]


def test_a_small_confidence_still_counts():
    """alpha 0.5 and a rating of 1: a confidence of 0.5 above the one of an item not taken."""
    rows = interactions([0, 0, 1], [0, 1, 2], [1, 1, 1], [1, 2, 3])
    made = Histories.from_interactions(rows, LINEAR, EqualSignals)
    assert (made.confidences > 0).all() and (made.confidences <= 1).all()
    assert made.strength.tolist() == [1, 1, 1]


def test_a_rating_at_the_bound_is_liked():
    """Three of five stars are liked where five is the best; 2.9 are not."""
    rows = interactions([0, 1, 2], [0, 1, 2], [5, 3, 2.9], [1, 2, 3])
    assert Signals.liked(rows).tolist() == [True, True, False]


def test_the_moment_from_which_interactions_are_recent_is_one_of_theirs():
    """Of four moments the newest share begins with an interaction, which counts itself."""
    rows = interactions([0, 1, 2, 3], [0, 1, 2, 3], [1] * 4, [10, 20, 30, 40])
    moment = np.quantile(rows.timestamp, 0.9, method="lower")
    counts = recent_counts(rows)
    assert counts[rows.timestamp >= moment].all()
    assert not counts[rows.timestamp < moment].any()
