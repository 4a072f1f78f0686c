"""Features as of times: by hand, and unchanged by what comes later."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.columns import Features, Products
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.units import DAY
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.features.history import (
    BEGIN,
    feature_times,
    item_categories,
    item_history,
    user_history,
)
from recsys_lib.ids import IdMap

START = 18_000  # days since 1970; a multiple of 10
CATEGORIES = pl.Series(Features.CATEGORY, ["mugs", "tea", "tea", None])


def day(number):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=START + number)


def taken(*rows):
    """Interactions of (user, item, rating, time in days since the start, how often)."""
    rows = sorted(rows, key=lambda row: (row[0], row[3]))
    user, item, rating, time, count = (np.array(column) for column in zip(*rows, strict=True))
    return Interactions(
        users=IdMap(["ann", "bob", "cy"]),
        items=IdMap(["mug", "green", "black", "odd"]),
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        rating=rating.astype(np.float32),
        timestamp=((START + time) * DAY).astype(np.int64),
        count=count.astype(np.int32),
    )


WORLD = taken(
    (0, 0, 5, 1, 1),
    (0, 3, 4, 2, 1),
    (0, 1, 2, 10, 3),  # at a time of the tables: not known there
    (0, 2, 1, 25, 1),
    (1, 1, 3, 8, 2),
)


def test_features_of_users_are_those_of_interactions_strictly_before():
    found = user_history(WORLD, CATEGORIES, feature_times(WORLD, 10))
    end = day(25) + timedelta(milliseconds=1)
    assert tuple(found.columns) == Features.OF_USERS
    assert found.rows() == [
        ("ann", BEGIN, 0, 0, None, None, None),
        ("ann", day(10), 2, 2, 4.5, day(2), "mugs"),
        ("ann", day(20), 3, 5, 11 / 3, day(10), "mugs"),  # one of each: the first by name
        ("ann", end, 4, 6, 3.0, day(25), "tea"),
        ("bob", BEGIN, 0, 0, None, None, None),
        ("bob", day(10), 1, 2, 3.0, day(8), "tea"),
        ("cy", BEGIN, 0, 0, None, None, None),
    ]


def test_features_of_items_are_those_of_interactions_strictly_before():
    found = item_history(WORLD, CATEGORIES, feature_times(WORLD, 10))
    end = day(25) + timedelta(milliseconds=1)
    assert tuple(found.columns) == Features.OF_ITEMS
    assert found.rows() == [
        ("mug", BEGIN, 0, 0, None, None, "mugs"),
        ("mug", day(10), 1, 1, 5.0, day(1), "mugs"),
        ("green", BEGIN, 0, 0, None, None, "tea"),
        ("green", day(10), 1, 2, 3.0, day(8), "tea"),
        ("green", day(20), 2, 5, 2.5, day(10), "tea"),
        ("black", BEGIN, 0, 0, None, None, "tea"),
        ("black", end, 1, 1, 1.0, day(25), "tea"),
        ("odd", BEGIN, 0, 0, None, None, None),
        ("odd", day(10), 1, 1, 4.0, day(2), None),
    ]


def test_without_categories_nobody_has_a_favourite():
    unknown = pl.Series(Features.CATEGORY, [None] * 4, dtype=pl.String)
    found = user_history(WORLD, unknown, feature_times(WORLD, 10))
    assert found[Features.FAVOURITE].null_count() == len(found) == 7


def test_times_are_multiples_of_days_whatever_the_data():
    later = taken((0, 0, 5, 13, 1), (0, 1, 5, 31, 1))
    for world, grid, last in ((WORLD, [10, 20], 25), (later, [20, 30], 31)):
        *times, end = (feature_times(world, 10) - START * DAY).tolist()
        assert times == [number * DAY for number in grid]
        assert end == last * DAY + 1


def test_an_order_is_no_time():
    with pytest.raises(InputDataError, match="no times, or only an order"):
        feature_times(replace(WORLD, timestamp=np.arange(len(WORLD))), 10)


def test_less_than_a_day_is_refused():
    with pytest.raises(ParameterError, match="at least 1 day, got 0"):
        feature_times(WORLD, 0)


def test_the_category_is_the_most_special_one_else_the_main_one():
    products = pl.DataFrame(
        {
            Products.ITEM: ["mug", "green", "odd"],
            Products.CATEGORIES: ['["Kitchen", "Mugs"]', None, "[]"],
            Products.MAIN_CATEGORY: ["Home", "Tea", " "],
        }
    )
    assert item_categories(WORLD.items, products).to_list() == ["Mugs", "Tea", None, None]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 3),
        st.integers(1, 5),
        st.integers(0, 40),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=50)
@given(rows=ROWS, now=st.integers(0, 41))
def test_later_interactions_change_no_row(rows, now):
    times = (START + np.array([7, 14, 21, 28, 35, 41])) * DAY
    before, everything = [row for row in rows if row[3] < now], taken(*rows)
    if not before:
        return
    early, moment = taken(*before), day(now)
    for history in (user_history, item_history):
        known = history(everything, CATEGORIES, times).filter(pl.col(Features.TIME) <= moment)
        then = history(early, CATEGORIES, times).filter(pl.col(Features.TIME) <= moment)
        assert known.equals(then)
