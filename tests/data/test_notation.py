"""How files write their values is found by their whole content, and one by one."""

import json
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data.display import first_image_urls
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.formats import _blocks
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

NOON = 1_600_000_000_000
HEADER = "user_id,item_id,rating,timestamp"


@pytest.fixture
def load(workspace):
    """Write files into a dataset and load it."""

    def load(files, **parameters):
        dataset = Dataset.find("shop")
        dataset.raw.mkdir(parents=True, exist_ok=True)
        for name, lines in files.items():
            (dataset.raw / name).write_text("\n".join(lines) + "\n")
        return load_dataset(dataset, EtlParameters(**{"max_bad_share": 0.5, **parameters}))

    return load


def ratings(loaded, column):
    rows = loaded.ratings.frame.sort("user_id", "parent_asin")
    return dict(zip(rows["user_id"], rows[column], strict=True))


def products(loaded, column):
    frame = loaded.catalogue.frame
    return dict(zip(frame["parent_asin"], frame[column], strict=True))


def as_json(*records):
    return [json.dumps(record) for record in records]


def test_each_file_has_its_own_unit(load):
    loaded = load(
        {
            "ratings-1.csv": [HEADER, f"u1,i1,5,{NOON}", f"u2,i1,2,{NOON + 86_400_000}"],
            "ratings-2.csv": [HEADER, "u1,i1,3,1650000000"],
            "ratings-3.csv": [HEADER, f"u3,i1,1,{NOON * 1000}", f"u3,i2,1,{NOON * 1000}"],
        }
    )
    assert loaded.ratings.timestamp_unit == "mixed"
    assert [one.unit for one in loaded.ratings.notations.values()] == ["ms", "s", "us"]
    assert ratings(loaded, "rating") == {"u1": 3, "u2": 2, "u3": 1}


def test_an_order_and_moments_cannot_be_joined(load):
    files = {"ratings-1.csv": [HEADER, "u1,i1,5,1"], "ratings-2.csv": [HEADER, f"u1,i1,3,{NOON}"]}
    with pytest.raises(InputDataError, match=r"ratings-1\.csv, field 'timestamp'.*only give an"):
        load(files)


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("1/2/2010", "1/14/2010", 1_262_476_800_000 - 86_400_000 * 1),
        ("1/2/2010", "14/1/2010", 1_265_068_800_000 - 86_400_000 * 1),
    ],
)
def test_the_last_line_may_settle_the_first(load, monkeypatch, first, last, found):
    """Blocks of one line, so that the first one is read before the last is seen."""
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 16)
    lines = [f"u{n},i1,4,{first if n < 9 else last}" for n in range(10)]
    loaded = load({"ratings.csv": [HEADER, *lines]})
    assert not loaded.ratings.rejected
    day = {"1/14/2010": 1_262_390_400_000, "14/1/2010": 1_264_982_400_000}[last]
    assert ratings(loaded, "timestamp")["u0"] == day
    assert found == day


def test_nothing_settles_the_first_of_february(load):
    lines = [f"u{n},i1,4,1/2/2010" for n in range(10)]
    with pytest.raises(InputDataError, match=r"ratings\.csv, line 2: the day and the month.*set"):
        load({"ratings.csv": [HEADER, *lines]})
    loaded = load({"ratings.csv": [HEADER, *lines]}, timestamp_format="%d/%m/%Y")
    assert ratings(loaded, "timestamp")["u0"] == 1_264_982_400_000


@settings(max_examples=15, deadline=None)
@given(
    unit=st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]),
    strays=st.lists(st.sampled_from(["", "0", "7", "x", "0001-01-01", "9999-12-31"]), max_size=4),
)
def test_a_few_stray_times_change_no_unit(tmp_path_factory, unit, strays):
    root = tmp_path_factory.mktemp("w")
    (root / "shop").mkdir()
    rows = [f"v{n},i1,4,{time}" for n, time in enumerate(strays)]
    rows += [f"u{n},i1,4,{(1_600_000_000 + n) * unit}" for n in range(6)]
    (root / "shop" / "ratings.csv").write_text("\n".join([HEADER, *rows]))
    with mock.patch("os.fsync"):
        found = Dataset.find(root / "shop", root)
        loaded = load_dataset(found, EtlParameters(max_bad_share=1.0))
    times = [(1_600_000_000 + n) * 1000 for n in range(6)]
    assert list(ratings(loaded, "timestamp").values()) == times
    assert len(loaded.ratings.rejected) == len(strays)


def test_german_ratings_and_dates(load):
    lines = ["u1;i1;5,0;31.12.2024", "u2;i1;4,5;1.2.2024 08:15", "u3;i1;3;01.02.2024"]
    loaded = load({"ratings.csv": [HEADER.replace(",", ";"), *lines]})
    assert ratings(loaded, "rating") == {"u1": 5, "u2": 4.5, "u3": 3}
    assert ratings(loaded, "timestamp")["u1"] == 1_735_603_200_000


def test_float_ids_meet_whole_ones(load):
    loaded = load(
        {
            "ratings.csv": ["user_id,item_id", "1.0,22423.0", "nan,22424.0", "2.0,22424.0"],
            "items.csv": ["item_id,title", "22423,Lamp", "22424,Desk"],
        }
    )
    assert loaded.ratings.frame["user_id"].to_list() == ["1", "2"]
    assert [bad.reason for bad in loaded.ratings.rejected] == ["user_id is missing"]
    assert loaded.counts()["reviewed_unknown_products"] == 0
    codes = load({"ratings.csv": ["user_id,item_id", "1.0,1.1", "2.0,1.0"]}, products="none")
    assert codes.ratings.latest.items.to_list() == ["1.0", "1.1"]


@pytest.mark.parametrize(
    ("values", "kept"), [(range(1, 11), 10), ([0.5, 5] * 30 + [7], 60), ([1, 100] * 5, 10)]
)
def test_the_scale_is_that_of_the_ratings(load, values, kept):
    lines = [f"{n}::{n % 7}::{value}::{NOON // 1000}" for n, value in enumerate(values)]
    assert len(load({"ratings.dat": lines}).ratings.frame) == kept


def test_titles_prices_and_counts_that_cannot_be_read_are_counted(load):
    loaded = load(
        {
            "ratings.csv": ["user_id,item_id", "u,a"],
            "meta.jsonl": as_json(
                {"asin": "a", "title": '<span class="a-size', "price": ".x{color:#fff}"},
                {"asin": "b", "title": 'Desk" />', "price": "$9.99", "rating_number": "1,234"},
                {"asin": "c", "title": "var aPageStart = 1;", "average_rating": "good"},
                {"asin": "d", "title": "None", "price": "nan", "average_rating": "4,5"},
                {"asin": '["5f"]', "title": "no id"},
                {"asin": "NULL", "title": "no id"},
            ),
        }
    )
    assert products(loaded, "title") == {"a": None, "b": "Desk", "c": None, "d": None}
    assert products(loaded, "price") == {"a": None, "b": 9.99, "c": None, "d": None}
    assert products(loaded, "average_rating")["d"] == 4.5
    assert products(loaded, "rating_number")["b"] == 1234
    lost = {entry["field"]: entry["values"] for entry in loaded.unreadable()}
    assert lost == {"products.title": 2, "products.price": 1, "products.average_rating": 1}
    counts = loaded.counts()
    assert [counts[f"unreadable_{what}"] for what in ("titles", "prices", "values")] == [2, 1, 4]
    assert {bad.reason for bad in loaded.catalogue.rejected} == {
        "parent_asin is an object or a list, not an id",
        "parent_asin is missing",
    }


@pytest.mark.parametrize(
    ("values", "split"),
    [
        (["Home > Lamps", "Home > Desks"], '["Home", "Lamps"]'),
        (["Home >> Lamps >> LED", "Home"], '["Home", "Lamps", "LED"]'),
        (["Home/Lamps", "Home/Desks"], '["Home", "Lamps"]'),
        (["Home/Lamps", "Home"], "Home/Lamps"),
        (["Comedy|Drama", "Drama"], '["Comedy", "Drama"]'),
        (['["Home > Lamps"]', '["Home > Desks"]'], '["Home", "Lamps"]'),
        (['["Home", "A > B"]', "x"], '["Home", "A > B"]'),
    ],
)
def test_category_paths(load, values, split):
    lines = as_json(*({"id": str(n), "categories": value} for n, value in enumerate(values)))
    loaded = load({"ratings.csv": ["user_id,item_id", "u,0"], "items.jsonl": lines})
    assert products(loaded, "categories")["0"] == split


def test_pictures_in_the_database_are_addresses(load):
    url = "https://img.example"
    found = {
        "columns": {"hi_res": [None, f"{url}/h"], "large": [f"{url}/l"], "variant": ["A", "B"]},
        "commas": f"{url}/1, {url}/2",
        "bars": f"{url}/1|{url}/2",
        "objects": [{"src": "//img.example/1"}],
        "host": "//img.example/1",
        "script": "javascript:alert(1)",
    }
    lines = as_json(*({"id": name, "images": images} for name, images in found.items()))
    loaded = load({"ratings.csv": ["user_id,item_id", "u,host"], "items.jsonl": lines})
    stored = products(loaded, "images")
    assert json.loads(stored["commas"]) == json.loads(stored["bars"]) == [f"{url}/1", f"{url}/2"]
    assert json.loads(stored["objects"]) == [{"src": f"{url}/1"}]
    assert [image["variant"] for image in json.loads(stored["columns"])] == ["A", "B"]
    assert (stored["host"], stored["script"]) == (f"{url}/1", None)
    assert loaded.unreadable()[0]["values"] == 1
    first = first_image_urls(loaded.catalogue.frame.sort("parent_asin")["images"])
    assert first.to_list() == [f"{url}/1", f"{url}/l", *[f"{url}/1"] * 3, None]


def test_the_product_that_was_updated_last_counts(load):
    lines = as_json(
        {"id": "a", "title": "Old, with all", "price": 5, "brand": "X", "updated_at": "2020-01-01"},
        {"id": "a", "title": "New", "updated_at": "2021-01-01"},
        {"id": "a", "title": "Undated", "price": 9, "brand": "Y"},
        {"id": "b", "title": "Bare"},
        {"id": "b", "title": "Full", "price": 7},
    )
    for order in (lines, lines[::-1]):
        loaded = load({"ratings.csv": ["user_id,item_id", "u,a"], "items.jsonl": order})
        assert products(loaded, "title") == {"a": "New", "b": "Full"}


def test_appended_lines_may_change_how_the_old_ones_are_read(load):
    first = [HEADER, "1.0,i1,4,1/2/2010", "2.0,i1,4,14/2/2010"]
    load({"ratings.csv": first}, mode="append")
    more = [*first, "ann,i1,4,1/2/2010"]
    loaded = load({"ratings.csv": more}, mode="append")
    assert loaded.reading.startswith("everything: the new lines say how")
    assert sorted(loaded.ratings.latest.users) == ["1.0", "2.0", "ann"]
    again = load({"ratings.csv": [*more, "bob,i1,4,1/2/2010"]}, mode="append")
    assert again.reading == "what is new"
    assert ratings(again, "timestamp")["bob"] == 1_264_982_400_000
