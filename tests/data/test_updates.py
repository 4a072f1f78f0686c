"""Updates of the stored data: the result is that of a full load, to the last bit."""

from unittest import mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data import _latest
from recsys_lib.data.added_files import read_events_file, read_products_file
from recsys_lib.data.additions import Additions
from recsys_lib.data.database import read_products, reading
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.stored import StoredData
from recsys_lib.data.updating import apply_updates
from recsys_lib.errors import ArtifactError, InputDataError
from recsys_lib.files import write_json
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset
from tests.support.corner_shop import HEADER, full_load, line, store

FILES = {
    "rated": "user_id,item_id,rating,timestamp\n"
    "a,x,5,1700000000\na,x,4,1700000000\na,y,4,1700000000\nb,x,2,1700000002\n",
    "ratings": "user_id,item_id,rating,timestamp\n"
    "a,x,5,1700000000\na,y,4,1700000001\nb,x,,1700000002\n",
    "events": "user_id,item_id,event,quantity,timestamp\n"
    "a,x,buy,2,1700000000\na,y,buy,1,1700000000\nb,y,view,,1700000001\n",
    "plain": "user_id,item_id\na,x\na,y\nb,x\n",
}
FILTERS = {
    "everything": EtlParameters(max_bad_share=1.0),
    "core": EtlParameters(max_bad_share=1.0, min_user_ratings=2),
    "since": EtlParameters(max_bad_share=1.0, min_rating=2.0),
}
rating = st.sampled_from([1.0, 4.0, 5.0])
event = st.tuples(
    st.sampled_from(["a", "b", "c", "0"]),
    st.sampled_from(["x", "y", "z", "_"]),
    rating,
    st.integers(1_700_000_000_000, 1_700_000_000_003),
    st.sampled_from(["buy", "cart", None]),
)


def rows_of(events):
    names = ["user_id", "parent_asin", "rating", "timestamp", "event"]
    kinds = [pl.String, pl.String, pl.Float64, pl.Int64, pl.String]
    return pl.DataFrame(events, schema=dict(zip(names, kinds, strict=True)), orient="row")


def stored(dataset):
    """All that later steps read."""
    found = Interactions.load(dataset.processed)
    arrays = {name: getattr(found, name).tolist() for name in _ARRAYS}
    with reading(dataset.database) as connection:
        order = "ORDER BY user_id, parent_asin"
        rows = connection.execute(f"SELECT * FROM user_item_rating {order}").fetchall()
    ids = found.users.ids().tolist(), found.items.ids().tolist(), found.event_types
    return arrays, ids, rows, read_products(dataset.database).rows()


_ARRAYS = ("user", "item", "rating", "timestamp", "count", "events")


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    file=st.sampled_from([*FILES]),
    filters=st.sampled_from([*FILTERS]),
    batches=st.lists(st.lists(event, min_size=1, max_size=6), min_size=1, max_size=3),
    missing=st.booleans(),
)
def test_any_updates_equal_a_full_load(tmp_path_factory, file, filters, batches, missing):
    if missing:  # a rating
        batches[0].append(("a", "z", None, 1_700_000_000_001, None))
    check_updates(tmp_path_factory.mktemp("w"), file, filters, batches)


@pytest.mark.parametrize("file", [*FILES])
def test_updates_equal_a_full_load(tmp_path, file):
    """A new user before all others, an item between two, a pair again, and a rating before it."""
    times = range(1_700_000_000_000, 1_700_000_000_004)
    rows = [
        [("0", "x", 4.0, times[1], "buy"), ("a", "xx", 3.0, times[0], None)],
        [("a", "x", 1.0, times[3], "cart"), ("b", "x", 5.0, times[0], "buy")],
    ]
    check_updates(tmp_path, file, "everything", rows)


def check_updates(root, file, filters, batches):
    dataset = Dataset.find("shop", root)
    dataset.raw.mkdir(parents=True)
    (dataset.raw / "reviews.csv").write_text(FILES[file])
    filters = filters if file in ("ratings", "rated") else "everything"
    with mock.patch("os.fsync"):
        full_load(dataset, FILTERS[filters])
        for batch in batches:
            Additions(dataset.updates).add(rows_of(batch))
            applied = apply_updates(StoredData.load(dataset))
        mine = stored(dataset)
        summary = full_load(dataset, FILTERS[filters])
    assert mine == stored(dataset)
    assert applied.summary["fingerprint"] == summary["fingerprint"]
    same = ("kept", "interactions", "users", "items", "products", "superseded")
    assert all(applied.summary["counts"][name] == summary["counts"][name] for name in same)


@pytest.mark.parametrize(("file", "used"), [("rated", True), ("plain", True), ("events", False)])
def test_only_users_with_news_are_looked_at(tmp_path, file, used):
    rows = [[("a", "z", 4.0, 1_700_000_000_001, "buy")]]
    with mock.patch.object(_latest, "spliced", wraps=_latest.spliced) as splicing:
        check_updates(tmp_path, file, "everything", rows)
    assert splicing.called == used


def test_appending_reads_updates_too(tmp_path):
    dataset = store(tmp_path, parameters=EtlParameters(mode="append"))
    Additions(dataset.updates).add(rows_of([("new", "i1", 5.0, 1_700_000_900_000, None)]))
    loaded = load_dataset(dataset, EtlParameters(mode="append"))
    assert loaded.reading == "what is new"
    store_dataset(loaded)
    mine = stored(dataset)
    summary = full_load(dataset)
    assert mine == stored(dataset)
    assert {"what": "added by updates", "rows": 1} in summary["funnel"]


def test_an_update_that_was_killed_is_completed_by_the_next(tmp_path):
    dataset = store(tmp_path)
    Additions(dataset.updates).add(rows_of([("new", "i1", 5.0, 1_700_000_900_000, None)]))
    broken = mock.patch("recsys_lib.data.updating.write_summary", side_effect=KeyboardInterrupt)
    with broken, pytest.raises(KeyboardInterrupt):
        apply_updates(StoredData.load(dataset))
    apply_updates(StoredData.load(dataset))
    mine = stored(dataset)
    full_load(dataset)
    assert mine == stored(dataset)


def test_products_are_added_and_those_of_the_files_stay(tmp_path):
    dataset = Dataset.find("shop", tmp_path)
    dataset.raw.mkdir(parents=True)
    (dataset.raw / "reviews.csv").write_text(HEADER + line("a", "x") + line("b", "x"))
    (dataset.raw / "meta.csv").write_text("item_id,title,price\nx,Old,1\n")
    full_load(dataset)
    more = tmp_path / "more.csv"
    more.write_text("item_id,title,price\nx,Other,2\nnew,Kettle,3\n")
    given = read_products_file(dataset, more, EtlParameters())
    Additions(dataset.updates).add(pl.DataFrame(), given.rows)
    applied = apply_updates(StoredData.load(dataset))
    assert applied.new_products == ["new"]
    titles = read_products(dataset.database)["title"].to_list()
    assert titles == ["Kettle", "Old"]
    Additions(dataset.updates).add(rows_of([("c", "x", 5.0, 1_700_000_900_000, None)]))
    assert apply_updates(StoredData.load(dataset)).new_products == []
    full_load(dataset)
    assert read_products(dataset.database)["title"].to_list() == titles


def test_lines_without_a_user_are_rejected_with_their_number(tmp_path):
    dataset = store(tmp_path)
    events = tmp_path / "events.csv"
    events.write_text(HEADER + line("a", "i1") + line("", "i1"))
    read = read_events_file(dataset, events, EtlParameters())
    assert read.rows["user_id"].to_list() == ["a"]
    assert [(bad.line, bad.reason) for bad in read.rejected] == [(3, "user_id is missing")]


def test_events_of_the_service_are_read_with_their_types(tmp_path):
    dataset = store(tmp_path)
    events = tmp_path / "events.jsonl"
    events.write_text(
        '{"type": "cart", "item_id": "i1", "user_id": "a", "time": "2026-03-02T08:00:00Z"}\n'
    )
    assert read_events_file(dataset, events, EtlParameters()).rows["event"].to_list() == ["cart"]


def test_events_without_times_are_refused(tmp_path):
    dataset = store(tmp_path)
    events = tmp_path / "events.csv"
    events.write_text("user_id,item_id\na,i1\n")
    with pytest.raises(InputDataError, match="it has no times"):
        read_events_file(dataset, events, EtlParameters())


def test_data_of_an_earlier_release_are_named(tmp_path):
    dataset = store(tmp_path)
    (dataset.processed / "rows.parquet").unlink()
    with pytest.raises(ArtifactError, match="run the etl step again"):
        StoredData.load(dataset)


def test_a_damaged_list_of_forgotten_users_is_no_empty_one(tmp_path):
    dataset = store(tmp_path)
    write_json(dataset.updates / "forgotten.json", ["u1"])
    with pytest.raises(ArtifactError, match="restore it"):
        full_load(dataset)


def test_rows_that_are_there_are_not_new(tmp_path):
    dataset = store(tmp_path)
    rows = rows_of([("new", "i1", 5.0, 1_700_000_900_000, None)] * 2)
    data, additions = StoredData.load(dataset), Additions(dataset.updates)
    first = data.new_among(rows, additions)
    assert len(first) == 1
    additions.add(first)
    assert data.new_among(rows, additions).is_empty()
    assert np.array_equal(data.new_among(data.rows, additions).shape, (0, 6))
