import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError
from recsys_lib.evaluation import leave_last_out
from recsys_lib.ids import IdMap

N_USERS, N_ITEMS = 6, 5


def world(pairs):
    """Interactions from (user, item, time), in the order that the class promises."""
    rows = sorted({(u, i): t for u, i, t in pairs}.items(), key=lambda r: (r[0][0], r[1]))
    user, item = (np.array([r[0][n] for r in rows], dtype=np.int32) for n in (0, 1))
    time = np.array([t for _, t in rows], dtype=np.int64)
    users, items = (IdMap(map(str, range(n))) for n in (N_USERS, N_ITEMS))
    return Interactions(users, items, user, item, np.ones(len(rows), np.float32), time)


PAIRS = st.lists(
    st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1), st.integers(0, 3)),
    min_size=1,
    max_size=25,
)


@given(PAIRS)
def test_nothing_leaks_and_nothing_is_lost(pairs):
    interactions = world(pairs)
    split = leave_last_out(interactions)
    train = set(zip(split.train.user.tolist(), split.train.item.tolist(), strict=True))
    test = set(zip(split.test_users.tolist(), split.test_items.tolist(), strict=True))
    every = set(zip(interactions.user.tolist(), interactions.item.tolist(), strict=True))
    assert not train & test
    assert train | test == every
    assert len(train) + len(test) == len(every)


@given(PAIRS)
def test_the_held_out_one_is_the_last_in_time(pairs):
    interactions = world(pairs)
    times = {
        (u, i): t
        for u, i, t in zip(
            interactions.user.tolist(),
            interactions.item.tolist(),
            interactions.timestamp.tolist(),
            strict=True,
        )
    }
    split = leave_last_out(interactions)
    for user, item in zip(split.test_users.tolist(), split.test_items.tolist(), strict=True):
        history = split.train.timestamp[split.train.user == user]
        assert len(history) >= 1
        assert times[user, item] >= history.max()


@given(PAIRS)
def test_single_and_cold_are_counted(pairs):
    interactions = world(pairs)
    split = leave_last_out(interactions)
    counts = np.bincount(interactions.user)
    assert split.n_single == (counts == 1).sum()
    assert len(split.test_users) == (counts >= 2).sum()
    assert split.n_cold == sum(item not in split.train.item for item in split.test_items)


def test_ties_in_time_go_to_the_later_row():
    interactions = Interactions(
        IdMap(["u"]),
        IdMap(["a", "b", "c"]),
        np.zeros(3, np.int32),
        np.array([2, 0, 1], np.int32),
        np.ones(3, np.float32),
        np.array([1, 5, 5]),
    )
    assert leave_last_out(interactions).test_items.tolist() == [1]


@pytest.mark.parametrize(
    ("user", "time"), [([0, 1, 0], [1, 2, 3]), ([0, 0, 1], [9, 1, 1])], ids=["users", "times"]
)
def test_rows_out_of_order_are_refused(user, time):
    """The last row of a user would not be the last in time, and the future would leak."""
    ids = IdMap(["a", "b", "c"])
    rows = Interactions(
        ids,
        ids,
        np.array(user, np.int32),
        np.arange(3, dtype=np.int32),
        np.ones(3, np.float32),
        np.array(time),
    )
    with pytest.raises(InputDataError, match="order of user, then time"):
        leave_last_out(rows)


def test_time_may_start_again_with_the_next_user():
    interactions = world([(0, 0, 8), (0, 1, 9), (1, 2, 1), (1, 3, 2)])
    assert leave_last_out(interactions).test_items.tolist() == [1, 3]


def test_a_sample_is_seeded_and_keeps_training_whole():
    interactions = world([(u, i, i) for u in range(6) for i in range(3)])
    split = leave_last_out(interactions)
    drawn = split.sample(3, seed=1)
    assert len(drawn.test_users) == 3
    assert drawn.train is split.train
    assert drawn.test_users.tolist() == split.sample(3, seed=1).test_users.tolist()
    assert split.sample(6, seed=1) is split
