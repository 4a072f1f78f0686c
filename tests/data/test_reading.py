"""Lines that are not as they should be: read where their meaning is plain, and always counted."""

import bz2
import gzip
import json
import lzma
import random
import uuid
import zipfile
from datetime import timedelta

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from recsys_lib.data.etl import load_dataset
from recsys_lib.data.formats import first_fields, reader_of
from recsys_lib.data.formats.records import Start
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset
from tests.support.reading import read


def rows_of(path, data, fields=("user_id", "item_id", "rating")):
    """Records as tuples without line numbers, rejected lines, and the number of repairs."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    frame, rejected = read(reader_of(path), path, list(fields))
    works = list(
        reader_of(path).read(path, dict.fromkeys(fields, frame.schema["user_id"]), Start())
    )
    n_repaired = sum(work().n_repaired for work in works)
    return [row[:-1] for row in frame.rows()], rejected, n_repaired


TABLE = [f"u{i}\ti{i}\t{i % 5 + 1}\tfine" for i in range(2_000)]
NAMES = "user_id\titem_id\trating\tcomment"


@pytest.mark.parametrize("name", ["t.tsv", "t.csv"])
@pytest.mark.parametrize("stray", [[500], [500, 1_700], [500, 503], [1_999]])
def test_a_stray_quote_costs_at_most_its_line(tmp_path, name, stray):
    lines = list(TABLE)
    for at in stray:
        lines[at] = f'u{at}\ti{at}\t5\t"so good'
    data = "\n".join([NAMES, *lines]) + "\n"
    if name == "t.csv":
        data = data.replace("\t", ",")
    rows, rejected, _ = rows_of(tmp_path / name, data)
    near = name == "t.csv" and stray == [500, 503]  # as a quoted value over four lines it is valid
    assert len(rows) + len(rejected) == len(TABLE) - 3 * near
    assert len(rejected) <= len(stray)
    assert {bad.line - 2 for bad in rejected} <= set(stray)
    assert all(bad.reason == "a quote is opened and not closed" for bad in rejected)


def test_texts_over_several_lines_are_read(tmp_path):
    texts = ["one\ntwo", 'he said "no"\n\n\nnothing', "a, b\nc, d, e\nf"]
    lines = [f'u{i},i{i},"{t}"' for i, t in enumerate(text.replace('"', '""') for text in texts)]
    data = "user_id,item_id,rating\n" + "\n".join(lines)
    rows, rejected, _ = rows_of(tmp_path / "t.csv", data)
    assert [row[2] for row in rows] == texts
    assert rejected == []


def test_inches_are_no_quotes(tmp_path):
    data = 'user_id,item_id,rating\nu1,5" pipe,3\nu2,6" pipe,4\n'
    rows, rejected, _ = rows_of(tmp_path / "t.csv", data)
    assert rows == [("u1", '5" pipe', "3"), ("u2", '6" pipe', "4")]
    assert rejected == []


@pytest.mark.parametrize("mixed", [False, True])
def test_a_separator_at_the_end_of_rows_is_repaired(tmp_path, mixed):
    rows = ["u1\ti1\t5\t", "u2\ti2\t4\t", *(["u3\ti3\t3"] if mixed else [])]
    data = "\n".join(["user_id\titem_id\trating", *rows])
    found, rejected, n_repaired = rows_of(tmp_path / "t.tsv", data)
    assert [row[0] for row in found] == [row[:2] for row in rows]
    assert (rejected, n_repaired) == ([], 2)


def test_nameless_columns_are_left_out_and_names_may_repeat(tmp_path):
    path = tmp_path / "t.csv"
    rows, rejected, _ = rows_of(path, "user_id,item_id,rating,,note,note\nu1,i1,5,,a,b\n")
    assert (rows, rejected) == ([("u1", "i1", "5")], [])
    assert first_fields(path) == ["user_id", "item_id", "rating", "note", "note (2)"]


def test_a_file_without_a_header_has_numbered_columns(tmp_path):
    lines = "A1,B1,5.0,1365811200\nA2,B2,4.0,1341100800\n"
    rows, _, _ = rows_of(tmp_path / "t.csv", lines, ("1", "2", "user_id"))
    assert rows == [("A1", "B1", None), ("A2", "B2", None)]
    rows, _, _ = rows_of(tmp_path / "ratings_Electronics.csv", lines)
    assert rows == [("A1", "B1", "5.0"), ("A2", "B2", "4.0")]


def test_json_that_is_not_quite_json(tmp_path):
    lines = [
        '{"user_id": "u1", "item_id": "i1", "rating": NaN}',
        "{'user_id': 'u2', 'item_id': \"i's\", 'rating': 4.5, 'extra': None}",
        '{"user_id": "u3", "item_id": "i3", "rating": 3}',
        "{'user_id': __import__('os')}",
        "",
    ]
    rows, rejected, n_repaired = rows_of(tmp_path / "t.jsonl", "\n".join(lines))
    assert rows == [("u1", "i1", None), ("u2", "i's", "4.5"), ("u3", "i3", "3")]
    assert [bad.line for bad in rejected] == [4]
    assert n_repaired == 2


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read_by_the_place_of_its_objects(tmp_path, indent):
    values = [{"user_id": "u1", "item_id": "i1", "rating": 5}, "no object", {"user_id": "u3"}]
    data = json.dumps(values, indent=indent)
    rows, rejected, _ = rows_of(tmp_path / "t.json", data)
    assert rows == [("u1", "i1", "5"), ("u3", None, None)]
    assert [(bad.line, bad.reason) for bad in rejected] == [(2, "not a JSON object")]
    rows, rejected, _ = rows_of(tmp_path / "t.json", data[:-1])
    assert (len(rows), [bad.line for bad in rejected]) == (2, [2, 4])
    assert rejected[1].text == "[ is not closed: the file may be cut off"


COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_files_are_read_and_broken_ones_named(tmp_path, suffix):
    path = tmp_path / f"t.csv{suffix}"
    whole = COMPRESS[suffix](b"user_id,item_id,rating\nu1,i1,5\n" * 2_000)
    assert len(rows_of(path, whole)[0]) == 3_999
    with pytest.raises(InputDataError, match=rf"t\.csv{suffix}: not readable as .*download"):
        rows_of(path, whole[: len(whole) // 2])


def test_a_zip_archive_holds_one_table(tmp_path):
    path = tmp_path / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/orders.csv", "user_id,item_id,rating\nu1,i1,5\n")
        archive.writestr("__MACOSX/data/._orders.csv", "x")
    assert rows_of(path, path.read_bytes())[0] == [("u1", "i1", "5")]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.csv", "x")
    with pytest.raises(InputDataError, match=r"2 files \(data/orders\.csv, more\.csv\): unpack it"):
        first_fields(path)


def test_an_excel_sheet(tmp_path):
    path = tmp_path / "orders.xlsx"
    book = Workbook()
    book.active.title = "empty"
    sheet = book.create_sheet("orders")
    for row in [("user_id", "item_id", "rating"), ("u1", 22423, 5), ("u2", "i2", None)]:
        sheet.append(row)
    book.save(path)
    rows, rejected, _ = rows_of(path, path.read_bytes())
    assert (rows, rejected) == ([("u1", "22423", "5"), ("u2", "i2", None)], [])
    with pytest.raises(InputDataError, match="not readable as an Excel workbook"):
        rows_of(path, b"no")


def test_parquet_types_without_a_text_of_their_own(tmp_path):
    path = tmp_path / "t.parquet"
    key = uuid.UUID(int=7)
    columns = {
        "user_id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([key.bytes], pa.binary(16))),
        "item_id": pa.array([b"caf\xc3\xa9"]),
        "rating": pa.array([timedelta(seconds=90)]),
        "details": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        "tags": pa.array([[b"x", b"\xff"]]),
    }
    pq.write_table(pa.table(columns), path)
    rows, _, _ = rows_of(path, path.read_bytes(), tuple(columns))
    assert rows == [(str(key), "café", "90.0", '{"a": 1}', '["x", "ff"]')]


def accounted(path, data):
    """Lines that records, rejected lines, blank and continuing lines account for."""
    path.write_bytes(data)
    schema = dict.fromkeys(("user_id", "item_id"), pl.String())
    parts = [work() for work in reader_of(path).read(path, schema, Start())]
    return sum(part.n_lines + part.n_other for part in parts)


PIECES = st.sampled_from(
    ['"', '""', ",", "\t", "u1", "x\ny", "é", "\r", " ", '"a"', '"a\nb"', "\n", "\x00", "{", "}"]
)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
@settings(deadline=None, max_examples=60)
@given(lines=st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=30))
def test_every_line_is_accounted_for(tmp_path_factory, name, lines):
    header = {"t.csv": "user_id,item_id,z", "t.tsv": "user_id\titem_id\tz"}.get(name)
    first = [json.dumps({"user_id": "u", "item_id": "i"})] if header is None else [header, "a,b,c"]
    data = "\n".join([*first, *lines, ""]).encode()
    n_lines = data.count(b"\n") - (header is not None)
    n_accounted = accounted(tmp_path_factory.mktemp("fuzz") / name, data)
    # A carriage return may end a line, where that gives a record.
    assert n_lines <= n_accounted <= n_lines + data.count(b"\r")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
def test_a_million_mutated_lines_are_all_accounted_for(tmp_path, name):
    chance = random.Random(5)
    form = {"t.csv": "u{0},i{0},{1}", "t.tsv": "u{0}\ti{0}\t{1}"}.get(
        name, '{{"user_id": "u{0}", "item_id": "i{0}", "rating": {1}}}'
    )
    pieces = ['"', ",", "\t", "{", "\\", "\u2028", "é", "NaN", "", "'", '"a, b"']
    lines = []
    for i in range(1_000_000):
        line = form.format(i, i % 5 + 1)
        if chance.random() < 0.002:
            at = chance.randrange(len(line))
            line = line[:at] + chance.choice(pieces) + line[at + chance.randrange(3) :]
        lines.append(line)
    header = {"t.csv": ["user_id,item_id,rating"], "t.tsv": ["user_id\titem_id\trating"]}
    data = "\n".join([*header.get(name, []), *lines, ""]).encode()
    assert accounted(tmp_path / name, data) == 1_000_000
    rows, rejected, _ = rows_of(tmp_path / name, data)
    assert len(rejected) < 3_000
    assert len(rows) + len(rejected) > 999_000


def test_repaired_lines_of_both_files_are_counted(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "ratings.tsv").write_text("user_id\titem_id\trating\nu1\ti1\t5\t\nu2\ti1\t4\t\n")
    (folder / "items.jsonl").write_text("{'item_id': 'i1', 'title': 'Lamp'}\n")
    loaded = load_dataset(Dataset.find(folder, tmp_path), EtlParameters())
    assert loaded.counts()["repaired_lines"] == 3
    assert (loaded.counts()["kept"], loaded.counts()["products"]) == (2, 1)
