"""Folders such as ``dt=2024-01-01`` are columns of the files in them."""

import polars as pl
import pytest

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.doctor import inspect
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.input_files import find_input_files
from recsys_lib.data.inputs import BY_FOLDER
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

FRAMES = {
    "2024-01-01": {"customer": ["ann", "bob"], "sku": ["tea", "mug"]},
    "2024-01-02": {"customer": ["ann"], "sku": ["pot"]},
}
WRITE = {
    "parquet": pl.DataFrame.write_parquet,
    "csv": pl.DataFrame.write_csv,
    "jsonl": pl.DataFrame.write_ndjson,
}


def put(folder, kind, frames, key="dt"):
    for value, columns in frames.items():
        part = folder / f"{key}={value}" / f"part-0.{kind}"
        part.parent.mkdir(parents=True, exist_ok=True)
        WRITE[kind](pl.DataFrame(columns), part)


def load(folder, **parameters):
    return load_dataset(Dataset.find(folder, folder.parent), EtlParameters(**parameters))


def days(loaded):
    frame = loaded.ratings.frame.with_columns(
        pl.from_epoch(Ratings.TIMESTAMP, "ms").dt.date().cast(pl.String)
    )
    return sorted(frame.select(Ratings.USER, Ratings.ITEM, Ratings.TIMESTAMP).rows())


EXPECTED = [
    ("ann", "pot", "2024-01-02"),
    ("ann", "tea", "2024-01-01"),
    ("bob", "mug", "2024-01-01"),
]


@pytest.mark.parametrize("kind", WRITE)
@pytest.mark.parametrize("table", ["", "orders"])
def test_the_day_of_a_folder_is_the_time_where_there_is_none(tmp_path, kind, table):
    put(tmp_path / "shop" / table, kind, FRAMES)
    loaded = load(tmp_path / "shop")
    assert days(loaded) == EXPECTED
    assert any(f"columns found {BY_FOLDER}" in said for said in loaded.inputs.sayings())


def test_a_time_in_the_file_is_better_than_the_day_of_its_folder(tmp_path):
    frames = {
        day: {**columns, "created_at": [f"{day}T10:00:00"] * len(columns["sku"])}
        for day, columns in FRAMES.items()
    }
    put(tmp_path / "shop" / "orders", "csv", frames, key="date")
    found = find_input_files(Dataset.find(tmp_path / "shop", tmp_path), EtlParameters())
    assert found.review_fields[Ratings.TIMESTAMP] == ("created_at",)
    assert found.review_meaning.unused == ("date",)


def test_folders_inside_of_folders_and_any_column(tmp_path):
    put(tmp_path / "shop" / "orders" / "event=view", "jsonl", FRAMES)
    put(tmp_path / "shop" / "orders" / "event=a%20buy", "jsonl", FRAMES)
    loaded = load(tmp_path / "shop")
    assert days(loaded) == EXPECTED
    assert loaded.ratings.latest.event_types == ("a buy", "view")


def test_a_folder_may_be_set_as_a_column_and_a_missing_value_is_none(tmp_path):
    frames = {"x1": FRAMES["2024-01-01"], "__HIVE_DEFAULT_PARTITION__": FRAMES["2024-01-02"]}
    put(tmp_path / "shop" / "orders", "parquet", frames, key="store")
    loaded = load(tmp_path / "shop", columns={"user_id": "store"}, max_bad_share=0.5)
    assert {row[0] for row in days(loaded)} == {"x1"}
    assert [bad.reason for bad in loaded.ratings.rejected] == ["user_id is missing"]


def test_a_column_of_the_file_counts_and_not_the_folder_of_its_name(tmp_path):
    frames = {"tea": {"customer": ["ann"], "sku": ["mug"]}}
    put(tmp_path / "shop" / "orders", "parquet", frames, key="sku")
    assert load(tmp_path / "shop").ratings.frame[Ratings.ITEM].to_list() == ["mug"]


def test_of_daily_catalogues_the_last_line_of_a_product_counts(tmp_path):
    frames = {f"2024-01-0{n}": {"sku": ["tea"], "title": [f"Tea {n}"]} for n in (1, 3, 2)}
    put(tmp_path / "shop" / "catalog", "parquet", frames)
    (tmp_path / "shop" / "orders.csv").write_text("customer,sku\nann,tea\n")
    assert load(tmp_path / "shop").catalogue.frame[Products.TITLE].to_list() == ["Tea 3"]


def test_doctor_lists_the_columns_of_folders(tmp_path):
    put(tmp_path / "shop", "csv", FRAMES)
    finding = inspect(tmp_path / "shop")
    columns = {one.name: one for one in finding.files[0].columns}
    assert columns["dt"].examples == ("2024-01-01",)
    assert columns["dt"].meaning == Ratings.TIMESTAMP
    assert finding.is_complete
    assert finding.parameters["reviews"] == "dt=*"
