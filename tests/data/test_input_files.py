"""The files that people really have, each loaded by configuration alone."""

import gzip
import io
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from recsys_lib.data.cleaning.duplicates import latest_ratings
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.input_files import find_input_files
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

SECOND = 1_600_000_000


@pytest.fixture
def put(workspace):
    """Write files into the dataset ``shop``."""

    def write(**files):
        folder = workspace / "data" / "raw" / "shop"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(data)

    return write


def load(**parameters):
    return load_dataset(Dataset.find("shop"), EtlParameters(**parameters))


def pairs(loaded):
    return loaded.ratings.frame.select("user_id", "parent_asin", "rating", "timestamp").rows()


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


MOVIE = [("1", "10", 4.0, SECOND * 1000), ("2", "10", 0.5, SECOND * 1000)]


@pytest.mark.parametrize(
    ("files", "title"),
    [
        (
            {
                "u.data": f"1\t10\t4\t{SECOND}\n2\t10\t0.5\t{SECOND}\n",
                "u.item": "10|Misérables, Les (1995)|x||url|".encode("latin-1")
                + b"|".join([b"0"] * 19),
            },
            "Misérables, Les (1995)",
        ),
        (
            {
                "ratings.dat": f"1::10::4::{SECOND}\n2::10::0.5::{SECOND}\n",
                "movies.dat": "10::Misérables: Les::Drama|Musical\n".encode("latin-1"),
            },
            "Misérables: Les",
        ),
        (
            {
                "ratings.csv": f"userId,movieId,rating,timestamp\n1,10,4,{SECOND}\n"
                f"2,10,0.5,{SECOND}\n",
                "movies.csv": 'movieId,title,genres\n10,"Misérables, Les ""1995""",Drama\n',
                "tags.csv": "userId,movieId,tag\n1,10,sad\n",
            },
            'Misérables, Les "1995"',
        ),
        (
            {
                "ml.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
                f"1\t10\t4\t{SECOND}\n2\t10\t0.5\t{SECOND}\n",
                "ml.item": 'item_id:token\tmovie_title:token_seq\n10\tSaid "No\n',
            },
            'Said "No',
        ),
    ],
    ids=["100k", "1m", "csv", "inter"],
)
def test_movielens_of_every_age(put, files, title):
    put(**files)
    loaded = load()
    assert loaded.inputs.layout == "movielens"
    assert pairs(loaded) == MOVIE
    assert loaded.catalogue.frame["title"].to_list() == [title]
    assert loaded.ratings.rejected == []


def test_a_scale_of_ones_own_is_not_taken_for_movielens(put):
    put(**{"ratings.csv": "user_id,item_id,rating,timestamp\n1,2,97,2020-01-01\n"})
    loaded = load()
    assert loaded.inputs.layout == "tables"
    assert loaded.ratings.frame["rating"].to_list() == [97.0]


def test_published_splits_of_amazon_are_joined(put):
    header = "user_id,parent_asin,rating,timestamp,history\n"
    put(
        **{
            "All_Beauty.train.csv.gz": gzip.compress(f"{header}u,a,5.0,{SECOND}000,\n".encode()),
            "All_Beauty.valid.csv.gz": gzip.compress(f"{header}u,b,4.0,{SECOND}001,a\n".encode()),
            "meta.csv": "parent_asin,title\na,A\n",
        }
    )
    loaded = load()
    assert loaded.inputs.layout == "amazon2023-csv"
    assert pairs(loaded) == [("u", "a", 5.0, SECOND * 1000), ("u", "b", 4.0, SECOND * 1000 + 1)]
    assert len(loaded.catalogue.frame) == 1


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress), (".zst", zstd)])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_plain_and_compressed(put, kind, suffix, pack):
    rows = [("u1", "i1"), ("u2", "i2")]
    if kind == "jsonl":
        text = "\r\n".join(json.dumps({"user_id": u, "item_id": i}) for u, i in rows)
    else:
        mark = {"csv": ",", "tsv": "\t"}[kind]
        text = "\r\n".join(mark.join(row) for row in [("user_id", "item_id"), *rows])
    put(**{f"interactions.{kind}{suffix}": pack(b"\xef\xbb\xbf" + text.encode())})
    assert load().ratings.frame.select("user_id", "parent_asin").rows() == rows


def test_many_files_of_several_kinds_with_a_glob(put, workspace):
    put(
        **{
            "orders-1.csv": "user_id,item_id\nu1,i1\n",
            "orders-2.jsonl.zst": zstd(b'{"user_id": "u2", "item_id": "i2"}\n'),
            "other.csv": "user_id,item_id\nu9,i9\n",
        }
    )
    pl.DataFrame({"user_id": [3], "item_id": [7]}).write_parquet(
        workspace / "data/raw/shop/orders-3.parquet"
    )
    users = load(reviews="orders-*").ratings.frame["user_id"].to_list()
    assert users == ["3", "u1", "u2"]


def test_a_column_can_be_left_out(put):
    put(**{"reviews.csv": "user_id,item_id,rating,timestamp\nu,i,,\nv,i,,\n"})
    with pytest.raises(InputDataError, match="2 of 2 lines were rejected"):
        load()
    loaded = load(columns={"rating": "", "timestamp": ""})
    assert loaded.ratings.timestamp_unit == "none"
    assert loaded.ratings.frame["timestamp"].to_list() == [0, 0]
    assert loaded.ratings.interactions().rating.tolist() == [1.0, 1.0]


def test_details_are_gathered_from_all_fields_that_fit_a_pattern(put):
    """Also from those that come late in the file."""
    products = [{"id": f"p{n}", "attr_colour": "red"} for n in range(150)]
    products += [{"id": "late", "attr_size": "8 inch", "attr_blank": " ", "other": "x"}]
    lines = "\n".join(map(json.dumps, products))
    put(**{"reviews.csv": "user_id,item_id\nu,p1\n", "products.jsonl": lines})
    loaded = load(product_columns={"details": "attr_*"})
    details = dict(loaded.catalogue.frame.select("parent_asin", "details").iter_rows())
    assert json.loads(details["p1"]) == {"attr_colour": "red"}
    assert json.loads(details["late"]) == {"attr_size": "8 inch"}
    with pytest.raises(ParameterError, match="only details can be gathered"):
        load(product_columns={"title": "attr_*"})


def test_details_from_columns_of_a_table(put):
    put(
        **{
            "reviews.csv": "user_id,item_id\nu,p1\n",
            "products.csv": "id,spec_a,spec_b\np1,1,2\np2,,\n",
        }
    )
    details = load(product_columns={"details": "spec_*"}).catalogue.frame["details"]
    assert details.to_list() == ['{"spec_a": "1", "spec_b": "2"}', None]


@pytest.mark.parametrize("name", ["reviews.csv.zst", "reviews.jsonl.zst"])
def test_a_broken_zstd_file_is_named(put, name):
    put(**{name: zstd(b'{"user_id": "u", "item_id": "i"}\n' * 5000)[:60]})
    with pytest.raises(InputDataError, match=name):
        load()


def test_two_columns_of_one_name_are_refused(put):
    put(**{"reviews.csv": "user_id,user_id,item_id\n1,2,3\n"})
    with pytest.raises(InputDataError, match="two columns have this name"):
        load()


def test_values_with_quotes_and_line_ends_across_blocks(put, monkeypatch):
    from recsys_lib.data.formats import _blocks as blocks

    monkeypatch.setattr(blocks, "BLOCK_BYTES", 16)
    text = "user_id,item_id,note\n" + "".join(
        f'u{i},i{i},"first line\nsecond ""line"", {i}"\n' for i in range(50)
    )
    put(**{"reviews.csv": text})
    frame = load().ratings.frame
    assert sorted(frame["user_id"]) == sorted(f"u{i}" for i in range(50))


@pytest.mark.parametrize("mark", [";", "\t", "|", " , "])
def test_a_csv_file_with_another_separator(put, mark):
    rows = [("user_id", "item_id", "note"), ("u1", "i1", "a,b" if mark != " , " else "a")]
    put(**{"reviews.csv": "\n".join(mark.join(row) for row in rows)})
    assert load().ratings.frame.select("user_id", "parent_asin").rows() == [("u1", "i1")]


@pytest.mark.parametrize(
    "encoding", [*("utf-8", "utf-8-sig", "cp1252"), *("utf-16", "utf-32", "utf-16-le", "utf-16-be")]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_are_detected(put, encoding, end):
    lines = (
        "user_id,item_id",
        "René,Misérables",
        "Zoë,Łódź" if encoding[:3] == "utf" else "Zoë\u2019s,5 € \u2013 \u201cï\u201d",
    )
    put(**{"reviews.csv": (end.join(lines) + end).encode(encoding)})
    rows = load().ratings.frame.select("user_id", "parent_asin").rows()
    assert sorted(rows) == sorted(tuple(line.split(",")) for line in lines[1:])


def test_what_is_in_the_folder_is_said(put):
    put(**{f"notes-{i}.csv": "a,b\n" for i in range(10)})
    with pytest.raises(InputDataError, match=r"notes-0\.csv, .*notes-7\.csv and 2 more"):
        load()


def test_prices_in_the_notation_of_either_side_of_the_ocean(put):
    prices = {
        "$1,234.56": 1234.56,
        "1.234,56 €": 1234.56,
        "12,99": 12.99,
        "12,9": 12.9,
        "5, or less": 5.0,
        "1,234": 1234.0,
        "from $3.": 3.0,
        "$10.00 - $20.00": 10.0,
        "1.2.3": None,
        "—": None,
    }
    products = [{"parent_asin": str(i), "price": price} for i, price in enumerate(prices)]
    put(
        **{
            "reviews.csv": "user_id,item_id\nu,0\n",
            "meta.jsonl": "\n".join(json.dumps(product) for product in products),
        }
    )
    catalogue = load().catalogue
    assert catalogue.frame["price"].to_list() == list(prices.values())
    assert catalogue.n_unreadable_prices == 2


@pytest.mark.parametrize(
    ("lines", "best"),
    [
        (["p,,Acme", "p,Mug,Acme", "p,A long title,"], "Mug"),  # the most filled fields
        (["p,Mug,Acme", "p,A mug,Acme"], "A mug"),  # then the longest title
        (["p,Mug,Acme", "p,Cup,Acme"], "Cup"),  # then the first of the texts
        (["p,<b>Mug</b>,Acme", "p,A mug,Acme"], "A mug"),  # as it is once it is clean
    ],
)
@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("n_files", [1, 2])
def test_the_best_line_of_a_product_counts_wherever_it_stands(put, lines, best, turn, n_files):
    lines = lines[::turn]
    files = {
        f"meta-{at}.csv": "\n".join(["id,title,brand", "q,Q,", *lines[at::n_files]])
        for at in range(n_files)
    }
    put(**{"reviews.csv": "user_id,item_id\nu,p\n", **files})
    catalogue = load().catalogue
    assert catalogue.frame["parent_asin"].to_list() == ["p", "q"]
    assert catalogue.frame["title"].to_list() == [best, "Q"]
    assert catalogue.n_duplicates == len(lines) + n_files - 2


def test_a_file_that_changes_while_it_is_read_is_named(put, workspace, monkeypatch):
    put(**{"reviews.csv": "user_id,item_id\nu,i\n"})
    path = workspace / "data/raw/shop/reviews.csv"
    monkeypatch.setattr("recsys_lib.data.etl.latest_ratings", lambda rows: write_more(path, rows))
    loaded = load()
    with pytest.raises(InputDataError, match=r"reviews\.csv: changed while it was read"):
        _ = loaded.files


def write_more(path, rows):
    path.write_text("user_id,item_id\nu,i\nv,i\n")
    return latest_ratings(rows)


def test_products_that_cannot_be_used_are_said_when_they_are_asked_for(put, workspace):
    put(**{"reviews.csv": "user_id,item_id\nu,i\n", "meta.jsonl": '{"asin": "i"}\nbroken\n'})
    loaded = load()
    with pytest.raises(InputDataError, match=r"meta\.jsonl, line 2: not JSON; 1 of 2 lines"):
        _ = loaded.catalogue
    with pytest.raises(InputDataError, match=r"1 of 2 lines were rejected"):
        store_dataset(loaded)
    processed = workspace / "data/processed/shop"
    assert not (processed / "recommender.db").exists()
    assert "broken" in (processed / "rejected.jsonl").read_text()


@pytest.fixture
def bytes_read(monkeypatch):
    """Bytes that were read from files so far, one entry for each read."""
    sizes, opened = [], Path.open

    class Counting(io.FileIO):
        def readinto(self, buffer):
            sizes.append(super().readinto(buffer))
            return sizes[-1]

    def counting(path, mode="r", *args, **kwargs):
        if mode == "rb":
            return io.BufferedReader(Counting(path))
        return opened(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", counting)
    return sizes


def test_a_header_is_read_from_the_first_64_kb(put, bytes_read):
    put(**{"reviews.csv": "user_id,item_id\n" + "u,i\n" * 500_000})
    dataset = Dataset.find("shop")
    for _ in range(3):
        find_input_files(dataset, EtlParameters())
    assert sum(bytes_read) <= 4 * (64 << 10)


def test_a_header_is_read_again_when_its_file_has_changed(put):
    put(**{"reviews.csv": "user_id,item_id\nu,i\n"})
    assert not find_input_files(Dataset.find("shop"), EtlParameters()).has_ratings
    put(**{"reviews.csv": "user_id,item_id,rating\nu,i,5\n"})
    assert find_input_files(Dataset.find("shop"), EtlParameters()).has_ratings


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_header_may_be_longer_than_64_kb(put, suffix):
    names = [f"{'a_long_name_' * 25}{n:05}" for n in range(300)]
    header = ";".join([*names, "user_id", "item_id"])
    text = "\n" * 70_000 + header + "\n" + ";" * len(names) + "u;i\n"
    data = text.encode()
    put(**{f"reviews.csv{suffix}": gzip.compress(data) if suffix else data})
    loaded = load()
    assert loaded.ratings.frame.select("user_id", "parent_asin").rows() == [("u", "i")]
