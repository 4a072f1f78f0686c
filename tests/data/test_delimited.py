import gzip
import json

import polars as pl
import pytest

from recsys_lib.data.formats._delimited import Delimited
from recsys_lib.data.formats._parquet import Parquet
from recsys_lib.data.formats.records import LINE
from recsys_lib.errors import InputDataError
from tests.support.reading import read

CSV = Delimited(",")


def test_values_stay_text_and_lines_are_numbered(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("user,item\n007,a\n008,\n")
    frame, rejected = read(CSV, path, ["user", "item", "rating"])
    assert frame.rows() == [("007", "a", None, 2), ("008", None, None, 3)]
    assert rejected == []


def test_rows_that_do_not_fit_are_rejected(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b'user,item\n1,a\n2,b,c\n3,"two\nlines"\n4,\xff\n5,e\n')
    frame, rejected = read(CSV, path, ["user", "item"])
    assert frame["user"].to_list() == ["1", "3", "5"]
    assert frame["item"].to_list() == ["a", "two\nlines", "e"]
    assert frame[LINE].to_list() == [2, 4, 7]
    assert [(bad.line, bad.reason) for bad in rejected] == [
        (3, "number of values differs from the 2 columns of the header"),
        (6, "not UTF-8"),
    ]


def test_line_numbers_after_a_value_with_line_breaks(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b'user,item\n1,"a\nb\nc"\n2,d\n'))
    frame, _ = read(CSV, path, ["user", "item"])
    assert frame[LINE].to_list() == [2, 5]


def test_bom_and_tabs(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_bytes(b"\xef\xbb\xbfuser\titem\r\n1\ta\r\n")
    reader = Delimited("\t")
    assert reader.fields(path) == ["user", "item"]
    frame, _ = read(reader, path, ["user", "item"])
    assert frame.rows() == [("1", "a", 2)]


def test_parquet_values_become_text(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"user": [1, 2], "tags": [["a", "b"], None]}).write_parquet(path)
    frame, _ = read(Parquet(), path, ["user", "tags", "rating"])
    assert frame["user"].to_list() == ["1", "2"]
    assert json.loads(frame["tags"][0]) == ["a", "b"]
    assert frame["tags"][1] is None
    assert frame[LINE].to_list() == [1, 2]


def test_not_parquet_is_named(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_text("no")
    with pytest.raises(InputDataError, match=r"t\.parquet"):
        Parquet().fields(path)
