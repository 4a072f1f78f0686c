import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError
from recsys_lib.evaluation import leave_last_out, split_at_random, split_at_time, split_by
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EvaluateParameters

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


RULES = {
    "last": leave_last_out,
    "last three": lambda rows: leave_last_out(rows, 3),
    "time": lambda rows: split_at_time(rows, 0.3),
    "random": lambda rows: split_at_random(rows, 0.4, seed=1),
}
EVERY_RULE = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))


def cells(interactions):
    return set(zip(interactions.user.tolist(), interactions.item.tolist(), strict=True))


@EVERY_RULE
@given(PAIRS)
def test_nothing_leaks_and_nothing_is_lost(rule, pairs):
    interactions = world(pairs)
    split = rule(interactions)
    for whole, rest, held_out in (
        (interactions, split.train, split.test),
        (split.train, split.fitting, split.validation),
    ):
        assert not cells(rest) & cells(held_out.interactions)
        assert cells(rest) | cells(held_out.interactions) == cells(whole)
        assert held_out.relevant.nnz == len(held_out.interactions)
        user, item = held_out.relevant.nonzero()
        assert set(zip(held_out.users[user].tolist(), item.tolist(), strict=True)) == cells(
            held_out.interactions
        )


@EVERY_RULE
def test_every_rule_holds_something_out_for_both_parts(rule):
    split = rule(world([(u, i, i) for u in range(6) for i in range(5)]))
    assert len(split.test.interactions) > 0
    assert len(split.validation.interactions) > 0
    assert len(split.fitting) > 0


@pytest.mark.parametrize("n", [1, 3])
@given(PAIRS)
def test_those_held_out_are_the_last_in_time(n, pairs):
    interactions = world(pairs)
    split = leave_last_out(interactions, n)
    for user in split.test_users.tolist():
        history = split.train.timestamp[split.train.user == user]
        later = split.test.interactions.timestamp[split.test.interactions.user == user]
        count = (interactions.user == user).sum()
        assert len(later) == min(n, count - 1)
        assert later.min() >= history.max()


@given(PAIRS)
def test_after_a_moment_no_training_is_later(pairs):
    split = split_at_time(world(pairs), 0.3)
    for rest, held_out in ((split.train, split.test), (split.fitting, split.validation)):
        if len(rest) and len(held_out.interactions):
            assert rest.timestamp.max() < held_out.interactions.timestamp.min()


@given(PAIRS)
def test_at_random_everybody_keeps_a_history(pairs):
    interactions = world(pairs)
    split = split_at_random(interactions, 0.4, seed=3)
    counts = np.bincount(interactions.user)
    assert len(split.test_users) == (counts >= 2).sum()
    assert (split.history_length >= 1).all()


@EVERY_RULE
@given(PAIRS)
def test_cold_users_and_items_are_counted_and_kept(rule, pairs):
    split = rule(world(pairs))
    counts, test = split.counts(), split.test.interactions
    assert counts["held-out interactions"] == len(test)
    assert counts["held-out interactions of cold items"] == sum(
        i not in split.train.item for i in test.item
    )
    assert counts["cold test users"] == sum(u not in split.train.user for u in split.test_users)
    assert counts["test users"] + counts["users without held-out items"] == N_USERS


def test_ties_in_time_go_to_the_later_row():
    interactions = Interactions(
        IdMap(["u"]),
        IdMap(["a", "b", "c"]),
        np.zeros(3, np.int32),
        np.array([2, 0, 1], np.int32),
        np.ones(3, np.float32),
        np.array([1, 5, 5]),
    )
    assert leave_last_out(interactions).test.interactions.item.tolist() == [1]


def test_the_parameters_choose_the_rule():
    interactions = world([(u, i, 10 * u + i) for u in range(6) for i in range(5)])
    chosen = {
        rule: cells(split_by(interactions, EvaluateParameters(split=rule)).test.interactions)
        for rule in ("last", "time", "random")
    }
    assert chosen["last"] == {(u, 4) for u in range(6)}
    assert chosen["time"] == {(5, 2), (5, 3), (5, 4)}
    assert len(chosen["random"]) == 6


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
    assert leave_last_out(interactions).test.interactions.item.tolist() == [1, 3]


def test_a_sample_is_seeded_and_keeps_training_whole():
    interactions = world([(u, i, i) for u in range(6) for i in range(3)])
    split = leave_last_out(interactions)
    drawn = split.sample(3, seed=1)
    assert len(drawn.test_users) == 3
    assert drawn.train is split.train
    assert drawn.test_users.tolist() == split.sample(3, seed=1).test_users.tolist()
    assert split.sample(6, seed=1) is split
