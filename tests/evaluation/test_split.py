from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.evaluation import (
    back_test,
    leave_last_out,
    split_at_random,
    split_at_time,
    split_by,
)
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
    "last basket": lambda rows: leave_last_out(rows, baskets=True),
    "time": lambda rows: split_at_time(rows, 0.3),
    "random": lambda rows: split_at_random(rows, 0.4, seed=1),
}
EVERY_RULE = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))


def cells(interactions):
    return set(zip(interactions.user.tolist(), interactions.item.tolist(), strict=True))


@EVERY_RULE
@given(PAIRS)
def test_nothing_leaks_and_nothing_is_lost(rule, pairs):
    """Every interaction is in one part alone, and each history is what is left before its part."""
    interactions = world(pairs)
    split = rule(interactions)
    fitting, before, train = map(cells, (split.fitting, split.before_judging, split.train))
    learning, judging, test = (
        cells(part.interactions) for part in (split.learning, split.judging, split.test)
    )
    parts = (fitting, learning, judging, test)
    assert sum(map(len, parts)) == len(interactions)
    assert set().union(*parts) == cells(interactions)
    assert train == fitting | learning | judging
    assert fitting <= before <= fitting | learning
    assert not before & (judging | test)
    for part in (split.learning, split.judging, split.test):
        assert part.relevant.nnz == len(part.interactions)
        user, item = part.relevant.nonzero()
        found = set(zip(part.users[user].tolist(), item.tolist(), strict=True))
        assert found == cells(part.interactions)


@EVERY_RULE
def test_every_rule_holds_something_out_for_all_parts(rule):
    split = rule(world([(u, i, i) for u in range(6) for i in range(5)]))
    for part in (split.test, split.judging, split.learning):
        assert len(part.interactions) > 0
    assert len(split.fitting) > 0


@pytest.mark.parametrize("rule", [RULES["last"], RULES["last basket"], RULES["time"]])
@given(PAIRS)
def test_what_judges_is_later_than_what_is_learned_from(rule, pairs):
    """For each user who has both; and the test is later still."""
    split = rule(world(pairs))
    parts = [split.fitting, *(p.interactions for p in (split.learning, split.judging, split.test))]
    for user in range(N_USERS):
        times = [part.timestamp[part.user == user] for part in parts]
        for earlier, later in pairwise([part for part in times if len(part)]):
            assert earlier.max() <= later.min()


def test_users_with_one_validation_part_are_divided():
    """With three items, two of them validation, one learns and judges; with two, one of both."""
    n = 400
    users = IdMap(map(str, range(n)))
    three = np.arange(n) % 2 == 0
    lengths = np.where(three, 4, 3)  # one of them is the test
    user = np.repeat(np.arange(n, dtype=np.int32), lengths)
    item = np.concatenate([np.arange(k) for k in lengths]).astype(np.int32)
    ones = np.ones(len(user), np.float32)
    rows = Interactions(users, IdMap("abcd"), user, item, ones, item.astype(np.int64))
    split = leave_last_out(rows, seed=3)
    learners, judges = set(split.learning.users.tolist()), set(split.judging.users.tolist())
    assert learners & judges == set(np.flatnonzero(three).tolist())
    assert learners | judges == set(range(n))
    assert len(learners - judges) == pytest.approx(100, abs=25)
    again, other = leave_last_out(rows, seed=3), leave_last_out(rows, seed=4)
    assert set(again.learning.users.tolist()) == learners
    assert set(other.learning.users.tolist()) != learners
    # Who learns from the last interaction before the test has the ones before it as the history.
    moved = np.isin(split.learning.interactions.user, sorted(learners - judges))
    assert split.learning.interactions.item[moved].tolist() == [1] * int(moved.sum())


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
    for known, held_out in (
        (split.train, split.test),
        (split.before_judging, split.judging),
        (split.fitting, split.learning),
    ):
        if len(known) and len(held_out.interactions):
            assert known.timestamp.max() < held_out.interactions.timestamp.min()


YEAR = 1_577_836_800_000
"""2020, in milliseconds: times from here on can be compared between users."""


@given(PAIRS, st.integers(1, 4), st.sampled_from([0.05, 0.1, 0.2]))
def test_a_back_test_knows_only_what_came_before_each_cut(pairs, cuts, share):
    interactions = world([(u, i, YEAR + t) for u, i, t in pairs])
    try:
        splits = back_test(interactions, cuts, share)
    except ParameterError as error:
        assert "finer than the times" in str(error)  # one of two outcomes
        return
    assert len(splits) == cuts
    assert all(len(split.test.interactions) for split in splits)
    tested = [split.test.interactions for split in splits]
    for split, test in zip(splits, tested, strict=True):
        if len(test) and len(split.train):
            assert split.train.timestamp.max() < test.timestamp.min()
        assert not cells(split.train) & cells(test)
        assert not cells(split.fitting) & cells(split.learning.interactions)
        # All that came before the cut is known, that of earlier test parts, too.
        if len(test):
            before = interactions.timestamp < test.timestamp.min()
            assert cells(split.train) == cells(interactions.select(before))
    for earlier, later in pairwise([test for test in tested if len(test)]):
        assert earlier.timestamp.max() < later.timestamp.min()


def test_a_back_test_by_hand():
    """A hundred moments, four cuts of 10 %: tests on 61 to 70, ..., 91 to 100."""
    user, item = np.divmod(np.arange(100, dtype=np.int32), 20)
    users, items = IdMap(map(str, range(5))), IdMap(map(str, range(20)))
    time = YEAR + np.arange(1, 101)
    rows = Interactions(users, items, user, item, np.ones(100, np.float32), time)
    splits = back_test(rows, 4, 0.1)
    tests = [(split.test.interactions.timestamp - YEAR).tolist() for split in splits]
    assert [(test[0], test[-1], len(test)) for test in tests] == [
        (61, 70, 10),
        (71, 80, 10),
        (81, 90, 10),
        (91, 100, 10),
    ]
    assert [len(split.train) for split in splits] == [60, 70, 80, 90]
    newest = split_by(rows, EvaluateParameters(split="rolling", cuts=4, share=0.1))
    assert newest.test.interactions.timestamp.tolist() == (YEAR + np.arange(91, 101)).tolist()
    whole = split_at_time(rows, 0.1)
    assert cells(newest.test.interactions) == cells(whole.test.interactions)
    cold = [split.counts()["cold test users"] for split in splits]
    assert cold == [1, 0, 1, 0]  # the users come one after the other, for twenty moments each


def test_without_times_there_is_no_moment_to_split_at():
    rows = world([(u, i, i) for u in range(6) for i in range(5)])
    for rule in ("time", "rolling"):
        with pytest.raises(ParameterError, match="choose last or random"):
            split_by(rows, EvaluateParameters(split=rule))


def test_of_whole_days_the_last_day_is_held_out():
    """Five days with a fifth of the interactions each: nothing is later than the last day."""
    rows = world([(u, i, YEAR + i) for u in range(6) for i in range(5)])
    split = split_by(rows, EvaluateParameters(split="time", share=0.1))
    assert set(split.test.interactions.timestamp - YEAR) == {4}
    assert set(split.judging.interactions.timestamp - YEAR) == {3}
    assert len(split.train) == 24


@pytest.mark.parametrize(
    ("same_time", "parameters", "reason"),
    [
        (True, {"split": "time"}, "same time.*choose evaluate.split last or random"),
        (True, {"last": "basket"}, "two different times.*choose evaluate.last item"),
        (False, {"split": "last"}, "no user has two interactions"),
    ],
)
def test_where_nothing_can_be_held_out_the_reason_is_said(same_time, parameters, reason):
    pairs = [(u, i, YEAR) for u in range(6) for i in range(5)]
    alone = [(u, u % 5, YEAR + u) for u in range(6)]
    with pytest.raises(InputDataError, match=reason):
        split_by(world(pairs if same_time else alone), EvaluateParameters(**parameters))


def test_parts_finer_than_the_times_are_refused():
    rows = world([(u, i, YEAR + i) for u in range(6) for i in range(5)])
    with pytest.raises(ParameterError, match=r"5 different ones.*fewer cuts or a larger share"):
        split_by(rows, EvaluateParameters(split="rolling", cuts=3, share=0.1))
    parts = back_test(rows, 2, 0.2)
    assert [set(part.test.interactions.timestamp - YEAR) for part in parts] == [{3}, {4}]


def test_cuts_that_take_all_interactions_are_refused():
    rows = world([(u, i, YEAR + i) for u in range(6) for i in range(5)])
    with pytest.raises(ParameterError, match=r"evaluate.cuts \(9\) times evaluate.share \(0.1\)"):
        back_test(rows, 9, 0.1)


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


def test_the_last_basket_is_held_out_whole():
    """Items 0 and 1 share the last moment but one, 2 and 3 the last; each basket is one part."""
    rows = world([(0, item, time) for item, time in enumerate([7, 7, 8, 8])] + [(1, 4, 1)])
    split = leave_last_out(rows, baskets=True)
    assert split.test.interactions.item.tolist() == [2, 3]
    assert split.train.item.tolist() == [0, 1, 4]
    by_item = leave_last_out(rows)
    assert by_item.test.interactions.item.tolist() == [3]  # by the order of the rows


def test_the_parameters_choose_the_rule():
    interactions = world([(u, i, YEAR + 10 * u + i // 2) for u in range(6) for i in range(5)])

    def held_out(**parameters):
        return cells(split_by(interactions, EvaluateParameters(**parameters)).test.interactions)

    assert held_out(split="last") == {(u, 4) for u in range(6)}
    assert held_out(split="last", n_last=2) == {(u, i) for u in range(6) for i in (3, 4)}
    assert held_out(split="last", last="basket") == {(u, 4) for u in range(6)}
    two = {(u, i) for u in range(6) for i in (2, 3, 4)}
    assert held_out(split="last", last="basket", n_last=2) == two
    assert held_out(split="time") == {(5, 2), (5, 3), (5, 4)}
    assert held_out(split="rolling", cuts=2) == held_out(split="time")
    assert len(held_out(split="random")) == 6


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


def test_only_target_events_are_held_out():
    """Views stay in the histories, but nobody has to predict them."""
    rows = world([(u, i, i) for u in range(6) for i in range(5)])
    events = np.where(rows.item % 2 == 0, 1, 2).astype(np.uint32)
    typed = replace(rows, events=events, event_types=("purchase", "view"))
    split = split_by(typed, EvaluateParameters(target_events=["purchase"]))
    assert {4} == set(split.test.interactions.item.tolist())
    assert not len(split.judging.interactions)  # each user's last but one is a view
    assert len(split.train) == 24
    with pytest.raises(ParameterError, match=r"'purchas'.*did you mean 'purchase'"):
        split_by(typed, EvaluateParameters(target_events=["purchas"]))
    with pytest.raises(ParameterError, match=r"none of the interactions held out .* type view"):
        split_by(typed, EvaluateParameters(target_events=["view"]))
    with pytest.raises(ParameterError, match="no event types: leave it empty"):
        split_by(rows, EvaluateParameters(target_events=["view"]))
