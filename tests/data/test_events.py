"""Repeated purchases, quantities and kinds of events: one row per user and item keeps them all."""

import itertools

import numpy as np
import polars as pl
import pytest

from recsys_lib.data.checks import watch_for
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError, InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset


@pytest.fixture
def shop(workspace):
    """Load a table of interactions, given as lines of CSV with their header first."""

    def load(*lines, **parameters):
        folder = workspace / "data/raw/shop"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "interactions.csv").write_text("\n".join(lines) + "\n")
        return load_dataset(Dataset.find("shop"), EtlParameters(max_bad_share=1.0, **parameters))

    return load


def by_pair(interactions, *names):
    """(user, item) -> the values of these fields; events as sets of names."""

    def value(name, row):
        if name != "events":
            return getattr(interactions, name)[row].item()
        types = enumerate(interactions.event_types)
        return {kind for bit, kind in types if interactions.events[row] >> bit & 1}

    users = interactions.users.ids(interactions.user)
    items = interactions.items.ids(interactions.item)
    return {
        (user, item): tuple(value(name, row) for name in names)
        for row, (user, item) in enumerate(zip(users, items, strict=True))
    }


def test_a_later_view_keeps_the_purchase(shop):
    lines = [
        "ann,tea,2020-01-01,view,",
        "ann,tea,2020-01-02,purchase,4",
        "ann,tea,2020-01-03,view,",
        "ann,mug,2020-01-02,cart,",
    ]
    for shuffled in itertools.permutations(lines):
        loaded = shop("user_id,item_id,timestamp,event_type,rating", *shuffled)
        seen = loaded.ratings.interactions()
        assert seen.event_types == ("cart", "purchase", "view")
        assert by_pair(seen, "events", "rating") == {
            ("ann", "tea"): ({"view", "purchase"}, 4.0),
            ("ann", "mug"): ({"cart"}, 4.0),  # the median rating, as nobody rated it
        }
        latest = loaded.ratings.frame.filter(parent_asin="tea")
        assert latest["timestamp"].to_list() == [1_578_009_600_000]  # of the latest event
        assert loaded.ratings.frame["rating"].null_count() == 1
        assert not loaded.ratings.rejected


def test_the_last_rating_that_is_there_counts_also_when_an_earlier_line_is_verified(shop):
    loaded = shop(
        "user_id,item_id,timestamp,event,rating,verified_purchase",
        "ann,tea,1,purchase,2,true",
        "ann,tea,2,review,5,",
        "ann,tea,3,view,,",
    )
    assert loaded.ratings.frame.row(0) == ("ann", "tea", 5.0, 3, 1, None)


@pytest.mark.parametrize("name", ["event", "event_type", "event_name", "action"])
def test_events_are_found_by_name_or_mapped(shop, name):
    rows = ["u,a,1,buy", "v,a,1,look"]
    assert shop(f"user_id,item_id,time,{name}", *rows).ratings.interactions().event_types == (
        "buy",
        "look",
    )
    mapped = shop("user_id,item_id,time,kind", *rows, columns={"event": "kind"})
    assert mapped.ratings.interactions().events.tolist() == [1, 2]
    ignored = shop(f"user_id,item_id,time,{name}", *rows, columns={"event": ""})
    assert ignored.ratings.interactions().event_types == ()
    assert ignored.ratings.interactions().events.tolist() == [0, 0]


def test_an_event_that_is_missing_is_rejected(shop):
    loaded = shop("user_id,item_id,event", "u,a,buy", "v,a, ")
    assert [bad.reason for bad in loaded.ratings.rejected] == ["event is missing"]


def test_more_types_than_bits_is_an_error(shop):
    lines = [f"u,i,{n},kind-{n:02}" for n in range(33)]
    seen = shop("user_id,item_id,time,event", *lines[:32]).ratings.interactions()
    assert (seen.events.tolist(), len(seen.event_types)) == ([2**32 - 1], 32)
    with pytest.raises(InputDataError, match=r"33 types.*kind-00, .*at most 32.*etl\.columns"):
        shop("user_id,item_id,time,event", *lines)


def test_a_repeat_is_another_time_and_never_a_line_that_stands_twice(shop):
    lines = [
        *["ann,tea,2020-01-01,5"] * 2,
        "ann,tea,2020-02-01,4",
        "ann,tea,2020-02-01,3",
        "bob,tea,2020-01-01,5",
    ]
    for shuffled in itertools.islice(itertools.permutations(lines), None, None, 10):
        loaded = shop("user_id,item_id,timestamp,rating", *shuffled)
        assert by_pair(loaded.ratings.interactions(), "count", "rating") == {
            ("ann", "tea"): (2, 4.0),
            ("bob", "tea"): (1, 5.0),
        }
        assert (loaded.ratings.n_exact_duplicates, loaded.ratings.n_superseded) == (1, 2)


def test_without_times_a_line_that_stands_twice_is_no_repeat(shop):
    loaded = shop("user_id,item_id", "ann,tea", "ann,tea")
    assert loaded.ratings.interactions().count.tolist() == [1]
    assert loaded.ratings.n_exact_duplicates == 1


def test_quantities_are_added_up(shop):
    loaded = shop(
        "user_id,item_id,timestamp,quantity",
        *["ann,tea,2020-01-01,2"] * 2,
        "ann,tea,2020-01-01,1",
        "ann,tea,2020-02-01,3.5",
        "bob,tea,2020-01-01,0.2",
        "cid,tea,2020-01-01,1e12",
    )
    counts = by_pair(loaded.ratings.interactions(), "count")
    assert counts == {("ann", "tea"): (6,), ("bob", "tea"): (1,), ("cid", "tea"): (2**31 - 1,)}


@pytest.mark.parametrize("quantity", ["0", "-1", "nan", "inf", "two", ""])
def test_a_quantity_that_is_no_positive_number_is_rejected(shop, quantity):
    lines = ["user_id,item_id,amount", "u,a,1", f"v,a,{quantity}"]
    loaded = shop(*lines, columns={"quantity": "amount"})
    assert [(bad.line, bad.reason) for bad in loaded.ratings.rejected] == [
        (3, "quantity is not a positive number")
    ]
    assert shop(*lines, columns={"quantity": ""}).ratings.n_lines == 2


def test_quantities_that_are_too_many_are_named(shop):
    lines = ["u,a,1,2147483648", "v,a,1,2000000000", "v,a,2,2000000000", "v,b,2,3"]
    loaded = shop("user_id,item_id,time,quantity", *lines)
    assert sorted(loaded.ratings.latest.count) == [3, 2147483647, 2147483647]
    assert any("2 quantities are more than 2,147,483,647" in said for said in watch_for(loaded))


def test_an_event_without_quantity_adds_none(shop):
    lines = ["u,a,1,view,", "u,a,2,purchase,3", "u,b,1,view,", "u,b,2,view,"]
    loaded = shop("user_id,item_id,time,event,quantity", *lines)
    counts = by_pair(loaded.ratings.interactions(), "count")
    assert counts == {("u", "a"): (3,), ("u", "b"): (1,)}


def test_counts_and_events_are_stored_filtered_and_selected(shop):
    loaded = shop(
        "user_id,item_id,time,event,quantity",
        "u,a,1,view,1",
        "u,b,2,purchase,3",
        "v,b,3,view,1",
        "v,b,4,purchase,2",
        min_item_ratings=2,
    )
    store_dataset(loaded)
    stored = Interactions.load(loaded.dataset.processed)
    assert by_pair(stored, "count", "events") == {
        ("u", "b"): (3, {"purchase"}),
        ("v", "b"): (3, {"view", "purchase"}),
    }
    assert (stored.count.dtype, stored.events.dtype) == (np.int32, np.uint32)
    one = stored.select(stored.user == 1)
    assert by_pair(one, "count", "events") == {("v", "b"): (3, {"view", "purchase"})}


def test_the_database_is_the_same_with_events_and_without(shop):
    with_events = shop("user_id,item_id,time,event", "u,a,1,view", "u,a,2,buy").ratings.frame
    without = shop("user_id,item_id,time", "u,a,1", "u,a,2").ratings.frame
    assert with_events.equals(without)


def test_interactions_of_an_earlier_version_name_the_step_to_run(shop):
    loaded = shop("user_id,item_id", "u,a")
    store_dataset(loaded)
    path = loaded.dataset.processed / "interactions.parquet"
    pl.read_parquet(path).drop("count", "events").write_parquet(path)
    with pytest.raises(ArtifactError, match=r"earlier version.*run the etl step again"):
        Interactions.load(loaded.dataset.processed)


def test_events_are_appended_like_all_else(shop):
    header = "user_id,item_id,time,event,quantity"
    lines = ["u,a,1,view,", "u,a,2,purchase,2", "v,b,2,view,", "u,a,3,wish,", "u,a,2,purchase,2"]
    shop(header, *lines[:2], mode="append")
    appended = shop(header, *lines, mode="append")
    assert appended.reading == "what is new"
    full = shop(header, *lines)
    found, expected = (
        by_pair(loaded.ratings.interactions(), "count", "events", "timestamp")
        for loaded in (appended, full)
    )
    assert found == expected
    assert found["u", "a"] == (2, {"purchase", "view", "wish"}, 3)
