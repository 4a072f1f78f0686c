"""Which events become interactions, and that each does so once."""

import polars as pl
import pytest

from recsys_lib.data.additions import Additions, Form
from recsys_lib.loop import Event, ServedList, Shown
from recsys_lib.loop.store import connect, insert
from recsys_lib.parameters import EVENT_WEIGHTS
from recsys_lib.updating.new_interactions import of_log, of_rows

RATINGS = ("user_id", "parent_asin", "rating", "timestamp", "verified_purchase", "helpful_vote")
PLAIN = Form(RATINGS, has_ratings=True, unit="ms")
TYPED = Form((*RATINGS, "event"), has_ratings=False, unit="ms")


def rows(*events):
    """Events of one user with one item, a second apart."""
    return pl.DataFrame(
        {
            "user_id": "ann",
            "parent_asin": "tea",
            "timestamp": list(range(len(events))),
            "event": list(events),
        }
    )


def taken(*events, form=PLAIN):
    return of_rows(rows(*events), form, EVENT_WEIGHTS)


@pytest.mark.parametrize(
    ("events", "times", "waiting"),
    [
        (["purchase"], [0], 0),
        (["cart"], [], 1),
        (["cart", "cart"], [1], 0),
        (["click"] * 5, [4], 0),
        (["click"] * 11, [4, 9], 1),
        (["cart", "purchase", "click"], [1], 1),
    ],
)
def test_events_add_up_to_interactions(events, times, waiting):
    found = taken(*events)
    assert (found.rows["timestamp"].to_list(), found.waiting) == (times, waiting)


def test_types_without_a_weight_are_counted():
    found = taken("view", "dismiss", "purchase")
    assert (len(found.rows), found.unweighted, found.unknown_types) == (1, 2, ())


def test_a_misspelt_type_counts_only_with_a_weight():
    found = taken("tapped", "purchase")
    assert (len(found.rows), found.unweighted, found.unknown_types) == (1, 1, ("tapped",))
    found = of_rows(rows("tapped"), PLAIN, {**EVENT_WEIGHTS, "tapped": 1.0})
    assert (len(found.rows), found.unweighted, found.unknown_types) == (1, 0, ())


def test_where_the_data_have_types_each_event_keeps_its_own():
    found = taken("click", "cart", "view", form=TYPED)
    assert found.rows["event"].to_list() == ["click", "cart"]


def test_rows_without_types_are_interactions():
    assert len(of_rows(rows("x").drop("event"), PLAIN, EVENT_WEIGHTS).rows) == 1


@pytest.fixture
def log(tmp_path):
    """Add events to a log, and return what an update takes of it."""
    folder, additions = tmp_path / "feedback", Additions(tmp_path / "updates")

    def take(*events, lists=()):
        connection = connect(folder)
        insert(connection, lists, [events])
        connection.close()
        found = of_log(folder, additions, PLAIN, EVENT_WEIGHTS)
        additions.add(found.rows, taken=found.taken)
        return found

    return take


def test_an_event_of_the_log_is_taken_once(log):
    assert log(Event("purchase", "tea", user_id="ann")).rows["user_id"].to_list() == ["ann"]
    assert log().rows.is_empty()
    assert log(Event("purchase", "mug", user_id="ann")).rows["parent_asin"].to_list() == ["mug"]


def test_events_wait_for_those_of_later_days(log):
    first = log(Event("cart", "tea", user_id="ann", time="2026-03-02T08:00:00.000000Z"))
    assert (len(first.rows), first.waiting, first.taken) == (0, 1, [])
    second = log(Event("cart", "tea", user_id="ann", time="2026-03-03T08:00:00.000000Z"))
    assert second.rows["timestamp"].to_list() == [1_772_524_800_000]
    assert log().rows.is_empty()


def test_an_event_belongs_to_the_user_of_its_list(log):
    served = ServedList("v1", (Shown("tea", 1, 0.5),), user_id="ann")
    nobody = ServedList("v1", (Shown("tea", 1, 0.5),))
    events = [Event("purchase", "tea", one.list_id) for one in (served, nobody)]
    found = log(*events, lists=[served, nobody])
    assert (found.rows["user_id"].to_list(), found.unknown) == (["ann"], 1)
