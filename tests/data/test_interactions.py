"""Order and moments of interactions: what one user has at one time is a basket without order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap

N_USERS, N_ITEMS = 4, 6
BASKETS = st.lists(
    st.lists(st.lists(st.just(0), min_size=1, max_size=3), max_size=3),
    min_size=N_USERS,
    max_size=N_USERS,
).map(lambda users: [[len(basket) for basket in baskets] for baskets in users])
"""For each user the sizes of the baskets, oldest first."""


def world(sizes):
    """Interactions with these baskets; users start at different times."""
    user, time = [], []
    for number, baskets in enumerate(sizes):
        for moment, size in enumerate(baskets):
            user += [number] * size
            time += [10 * moment - number] * size
    rows = np.arange(len(user))
    return Interactions(
        IdMap(map(str, range(N_USERS))),
        IdMap(map(str, range(max(len(user), 1)))),
        np.array(user, dtype=np.int32),
        rows.astype(np.int32),
        np.ones(len(user), np.float32),
        np.array(time, dtype=np.int64),
    )


def test_order_inside_a_moment_is_no_order_by_hand():
    """A user with baskets of 1, 2 and 2 items, one with a single item, one with one basket."""
    rows = world([[1, 2, 2], [1], [], [2]])
    assert rows.moment().tolist() == [0, 1, 1, 2, 2, 3, 4, 4]
    assert rows.newer().tolist() == [4, 2, 2, 0, 0, 0, 0, 0]
    yes = [rows.item[mask].tolist() for mask in (rows.last(), rows.last(3), rows.last(9))]
    assert yes == [[4, 7], [2, 3, 4, 7], [1, 2, 3, 4, 7]]
    yes = [rows.item[mask].tolist() for mask in map(rows.last_baskets, (1, 2, 9))]
    assert yes == [[3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]


@given(BASKETS)
def test_newer_counts_what_is_strictly_newer(sizes):
    rows = world(sizes)
    for at, newer in enumerate(rows.newer().tolist()):
        mine = rows.user == rows.user[at]
        assert newer == (rows.timestamp[mine] > rows.timestamp[at]).sum()


@given(BASKETS)
def test_a_moment_is_one_user_and_one_time(sizes):
    rows = world(sizes)
    keys = list(zip(rows.user.tolist(), rows.timestamp.tolist(), strict=True))
    assert rows.moment().tolist() == [sorted(set(keys)).index(key) for key in keys]


@given(BASKETS, st.integers(1, 4))
def test_the_last_are_never_all(sizes, n):
    rows = world(sizes)
    by_item, by_basket = rows.last(n), rows.last_baskets(n)
    for user, baskets in enumerate(sizes):
        mine = rows.user == user
        assert by_item[mine].sum() == max(min(n, sum(baskets) - 1), 0)
        assert by_basket[mine].sum() == sum(baskets[1:][-n:])
        for held_out in (by_item[mine], by_basket[mine]):
            assert (np.diff(held_out.astype(int)) >= 0).all()  # they are at the end


@given(BASKETS, st.data())
def test_parts_are_joined_to_what_they_were(sizes, data):
    """Rows of one moment may change places: their order says nothing."""
    rows = world(sizes)
    drawn = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    mask = np.array(drawn, dtype=bool)
    joined = rows.select(mask).joined(rows.select(~mask))
    np.testing.assert_array_equal(joined.user, rows.user)
    np.testing.assert_array_equal(joined.timestamp, rows.timestamp)
    assert sorted(joined.item.tolist()) == rows.item.tolist()
    np.testing.assert_array_equal(joined.moment(), rows.moment())


def test_joined_rows_keep_all_their_columns():
    rows = world([[1, 2], [1], [], [2]])
    count, events = np.arange(6, dtype=np.int32), np.arange(6, dtype=np.uint32) % 4
    whole = Interactions(
        *(rows.users, rows.items, rows.user, rows.item, rows.rating + count, rows.timestamp),
        count,
        events,
        ("buy", "view"),
    )
    odd = np.arange(6) % 2 == 1
    joined = whole.select(odd).joined(whole.select(~odd))
    by_item = np.argsort(joined.item)
    for name in ("rating", "count", "events"):
        np.testing.assert_array_equal(getattr(joined, name)[by_item], getattr(whole, name))
    assert joined.event_types == ("buy", "view")


@pytest.mark.parametrize(
    ("time", "comparable"),
    [([1, 2, 3], False), ([0, 0, 0], False), ([1_600_000_000_000] * 3, True)],
    ids=["positions", "no times", "times"],
)
def test_positions_are_no_times(time, comparable):
    ids, rows = IdMap("abc"), np.arange(3, dtype=np.int32)
    found = Interactions(ids, ids, rows, rows, np.ones(3, np.float32), np.array(time))
    assert found.has_times == comparable
