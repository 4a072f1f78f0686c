"""Events find the list in which their item stood."""

from datetime import UTC, datetime, timedelta

import polars as pl

from recsys_lib.loop import Event, ServedList, Shown, read_events, read_shown
from recsys_lib.loop.outcomes import attributed, outcomes
from recsys_lib.loop.records import utc_text
from recsys_lib.loop.store import connect, insert

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(minutes):
    return utc_text(NOON + timedelta(minutes=minutes))


def log(folder, lists, events):
    served = [
        ServedList(
            "v1",
            tuple(Shown(item, n, 1.0) for n, item in enumerate(items, 1)),
            list_id=list_id,
            user_id=user,
            time=at(minutes),
        )
        for list_id, user, minutes, items in lists
    ]
    happened = [
        Event(kind, item, list_id, user, event_id=f"e{n}", time=at(minutes))
        for n, (kind, item, list_id, user, minutes) in enumerate(events)
    ]
    connection = connect(folder)
    insert(connection, served, [happened])
    connection.close()
    return read_shown(folder), read_events(folder)


def lists_of(shown, events, **options):
    found = attributed(shown, events, **options).sort("event_id")
    return found["list_id"].to_list()


def test_an_event_belongs_to_the_list_that_it_names(tmp_path):
    lists = [("l1", "ann", 0, "ab"), ("l2", "ann", 5, "ab")]
    shown, events = log(tmp_path, lists, [("click", "a", "l1", "ann", 9)])
    assert lists_of(shown, events) == ["l1"]
    rows = outcomes(shown, events)
    assert rows.filter("clicked").select("list_id", "item_id").rows() == [("l1", "a")]
    assert rows.drop("clicked", "carted", "purchased", "dismissed").equals(shown)


def test_without_a_list_it_is_the_last_one_that_showed_the_item_to_the_person(tmp_path):
    lists = [
        ("l1", "ann", 0, "ab"),
        ("l2", "ann", 5, "ab"),
        ("l3", "ann", 7, "cd"),
        ("l4", "bob", 8, "ab"),
        ("l5", "ann", 20, "ab"),
    ]
    events = [
        ("purchase", "a", None, "ann", 10),
        ("click", "a", "gone", "ann", 10),  # names a list that did not have it
        ("click", "z", None, "ann", 10),  # was never shown
        ("click", "c", None, "bob", 10),  # was shown to somebody else
    ]
    shown, events = log(tmp_path, lists, events)
    assert lists_of(shown, events) == ["l2", "l2", None, None]
    rows = outcomes(shown, events)
    assert rows.filter("purchased")["list_id"].to_list() == ["l2"]
    assert rows.select(pl.sum("clicked", "purchased", "carted")).row(0) == (1, 1, 0)


def test_a_list_is_forgotten_after_the_window(tmp_path):
    shown, events = log(tmp_path, [("l1", "ann", 0, "a")], [("click", "a", None, "ann", 90)])
    assert lists_of(shown, events) == ["l1"]
    assert lists_of(shown, events, window=timedelta(hours=1)) == [None]


def test_an_empty_list_has_no_outcome(tmp_path):
    shown, events = log(tmp_path, [("l1", "ann", 0, "")], [("click", "a", None, "ann", 1)])
    rows = outcomes(shown, events)
    assert rows["clicked"].to_list() == [False]
