"""The first lines of a file, as its readers see them."""

import io
import json

import polars as pl
import pyarrow.parquet as pq
import pytest

from recsys_lib.data import _heads
from recsys_lib.data._heads import write_head
from recsys_lib.data._remote import _listed_before
from recsys_lib.data._samples import sample
from recsys_lib.data.formats import first_fields

TABLE = pl.DataFrame({"user_id": [f"u{n}" for n in range(5_000)], "item_id": ["i"] * 5_000})


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(_heads, "_SMALL", 1_000)
    monkeypatch.setattr(_heads, "_HEAD", 600)


def head_of(path, folder):
    target = folder / "head" / path.name
    target.parent.mkdir()
    write_head(io.BytesIO(path.read_bytes()), path.stat().st_size, target)
    return target


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_a_text_is_cut_between_lines(suffix, tmp_path):
    path = tmp_path / f"reviews.csv{suffix}"
    with _heads._OPEN.get(suffix, open)(path, "wb") as out:
        out.write(TABLE.write_csv().encode())
    head = head_of(path, tmp_path)
    assert first_fields(head) == TABLE.columns
    rows = sample(head)
    first = rows.head(50)
    assert first.equals(TABLE.head(50))
    assert len(rows) < 0.5 * len(TABLE)
    assert rows.join(TABLE, on=TABLE.columns, how="anti").is_empty()


def test_of_a_table_come_its_first_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(_heads, "_ROWS", 100)
    path = tmp_path / "reviews.parquet"
    TABLE.write_parquet(path)
    assert pq.read_table(head_of(path, tmp_path)).equals(pq.read_table(path).slice(0, 100))


def test_the_head_of_a_damaged_file_is_damaged(tmp_path):
    path = tmp_path / "reviews.parquet"
    path.write_bytes(b"PAR1" + bytes(5_000))
    assert path.read_bytes().startswith(head_of(path, tmp_path).read_bytes())


def test_a_damaged_listing_is_made_again(tmp_path):
    file, listed = tmp_path / "listing.json", {"url": "hdfs://host/shop", "time": 1.0, "files": {}}
    assert _listed_before(file, listed["url"]) == {}
    file.write_text(json.dumps(listed))
    assert _listed_before(file, listed["url"]) == listed
    assert _listed_before(file, "hdfs://host/other") == {}
    file.write_text('{"url": "hdfs')
    assert _listed_before(file, listed["url"]) == {}
