"""New lines and files are added; the result is that of a full load."""

import gzip
import json
import shutil
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data import _intake, _journal
from recsys_lib.data.database import read_products, reading
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

FULL = EtlParameters(max_bad_share=1.0)
APPEND = EtlParameters(max_bad_share=1.0, mode="append")

review = st.builds(
    lambda user, item, rating, time: json.dumps(
        {"user_id": user, "parent_asin": item, "rating": rating, "timestamp": time}
    ),
    st.sampled_from(["u1", "u2", "u3", ""]),
    st.sampled_from(["i1", "i2"]),
    st.sampled_from([1.0, 5.0, 9.0]),
    st.integers(1_600_000_000_000, 1_600_000_000_003),
)
lines = st.lists(review | st.just("broken") | st.just(""), max_size=8)
product = st.builds(
    lambda item, title, price: json.dumps({"parent_asin": item, "title": title, "price": price}),
    st.sampled_from(["i1", "i2", ""]),
    st.sampled_from(["A", "B", None]),
    st.sampled_from(["$1", "—", None]),
)
FIRST = [
    json.dumps({"user_id": "u", "parent_asin": "i", "rating": 5.0, "timestamp": 1_600_000_000_000})
]
FIRST_PRODUCT = [json.dumps({"parent_asin": "i", "title": "T", "price": "$5"})]


def results(dataset, parameters):
    """All that a load leaves, apart from how it was read."""
    loaded = load_dataset(dataset, parameters)
    summary = store_dataset(loaded)
    assert summary.pop("reading")
    stored = Interactions.load(dataset.processed)
    with reading(dataset.database) as connection:
        rows = connection.execute("SELECT * FROM user_item_rating").fetchall()
    rejected = (dataset.processed / "rejected.jsonl").read_text()
    arrays = [a.tolist() for a in (stored.user, stored.item, stored.rating, stored.timestamp)]
    return summary, rows, read_products(dataset.database).rows(), rejected, arrays


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(first=lines, more=lines, new_file=lines, products=st.lists(product, max_size=6))
def test_appending_equals_a_full_load(tmp_path_factory, first, more, new_file, products):
    dataset = Dataset.find("shop", tmp_path_factory.mktemp("w"))
    dataset.raw.mkdir(parents=True)
    reviews, meta = dataset.raw / "reviews-b.jsonl", dataset.raw / "meta.jsonl"
    reviews.write_text("\n".join(FIRST + first))
    meta.write_text("\n".join(FIRST_PRODUCT + products[:2]) + "\n")
    with mock.patch("os.fsync"):  # hundreds of them would be most of the time
        assert load_dataset(dataset, APPEND).reading == "everything"
        with reviews.open("a") as file:
            file.write("\n" + "\n".join(more) + "\n")
        with meta.open("a") as file:
            file.write("\n".join(products[2:]))
        (dataset.raw / "reviews-a.jsonl").write_text("\n".join(FIRST + new_file))
        loaded = load_dataset(dataset, APPEND)
        assert loaded.reading == "what is new"
        assert results(dataset, APPEND) == results(dataset, FULL)


@pytest.fixture
def shop(workspace):
    dataset = Dataset.find("shop")
    dataset.raw.mkdir(parents=True)
    (dataset.raw / "reviews.csv").write_text("user_id,item_id,timestamp\nu1,a,2020-01-01\n")
    load_dataset(dataset, APPEND)
    return dataset


def append(dataset, text):
    with (dataset.raw / "reviews.csv").open("a") as file:
        file.write(text)


def test_old_lines_are_not_read_again(shop, monkeypatch):
    append(shop, "u2,b,2020-01-02\nbroken\n")
    seen, rules = [], _intake.RatingRules.apply

    def spy(self, records, file):
        seen.append(records.n_lines)
        return rules(self, records, file)

    monkeypatch.setattr(_intake.RatingRules, "apply", spy)
    loaded = load_dataset(shop, APPEND)
    assert seen == [2]
    assert loaded.ratings.frame["user_id"].to_list() == ["u1", "u2"]
    assert [(bad.line, bad.file.endswith("reviews.csv")) for bad in loaded.ratings.rejected] == [
        (4, True)
    ]


def test_nothing_new_is_no_work_and_changes_nothing(shop):
    before = store_dataset(load_dataset(shop, APPEND))["fingerprint"]
    loaded = load_dataset(shop, APPEND)
    assert loaded.reading == "what is new"
    assert store_dataset(loaded)["fingerprint"] == before
    append(shop, "u2,b,2020-01-02\n")
    assert store_dataset(load_dataset(shop, APPEND))["fingerprint"] != before
    full = load_dataset(shop, FULL)
    assert (
        store_dataset(full)["fingerprint"]
        == store_dataset(load_dataset(shop, APPEND))["fingerprint"]
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda raw: (raw / "reviews.csv").write_text("user_id,item_id,timestamp\nu,b,7\n"),
            "was changed",
        ),
        (lambda raw: (raw / "reviews.csv").rename(raw / "reviews-1.csv"), "no longer part of"),
        (
            lambda raw: (raw / "reviews-2.csv").write_text(
                "user_id,item_id,timestamp,rating\nu,b,2020-01-02,7\n"
            ),
            "rules of reading",
        ),
    ],
)
def test_what_cannot_be_added_is_read_again_and_said(shop, change, why):
    change(shop.raw)
    loaded = load_dataset(shop, EtlParameters(mode="append", max_bad_share=1.0))
    assert why in loaded.reading
    assert len(loaded.ratings.frame) + len(loaded.ratings.rejected) == loaded.ratings.n_lines


def test_a_line_that_was_continued_is_a_change(workspace):
    dataset = Dataset.find("shop")
    dataset.raw.mkdir(parents=True)
    path = dataset.raw / "reviews.csv"
    path.write_text("user_id,item_id,timestamp\nu1,a,2020-01-01")
    load_dataset(dataset, APPEND)
    with path.open("a") as file:
        file.write("T10:00\nu2,a,2020-01-01\n")
    loaded = load_dataset(dataset, APPEND)
    assert "not only continued" in loaded.reading
    assert len(loaded.ratings.frame) == 2


def test_a_compressed_file_that_grew_is_read_again(workspace):
    dataset = Dataset.find("shop")
    dataset.raw.mkdir(parents=True)
    path = dataset.raw / "reviews.csv.gz"
    path.write_bytes(gzip.compress(b"user_id,item_id\nu1,a\n"))
    load_dataset(dataset, APPEND)
    with path.open("ab") as file:
        file.write(gzip.compress(b"u2,a\n"))
    loaded = load_dataset(dataset, APPEND)
    assert "was changed" in loaded.reading
    assert len(loaded.ratings.frame) == 2


@pytest.fixture
def own_code(tmp_path, monkeypatch):
    """A copy of the package's code; the journal takes its fingerprint from there."""
    folder = tmp_path / "code"
    original = Path(_journal.__file__).parent
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns("sample", "__pycache__"))
    monkeypatch.setattr(_journal, "__file__", str(folder / "_journal.py"))
    return folder


@pytest.mark.parametrize(
    ("module", "reading"),
    [
        ("plots.py", "what is new"),
        ("checks.py", "what is new"),
        ("doctor.py", "what is new"),
        ("layouts.py", "what is new"),
        ("cleaning/ratings.py", "everything: the rules of reading changed"),
        ("cleaning/times.py", "everything: the rules of reading changed"),
        ("cleaning/products.py", "everything: the rules of reading changed"),
        ("cleaning/duplicates.py", "everything: the rules of reading changed"),
        ("cleaning/ordering.py", "everything: the rules of reading changed"),
        ("formats/_delimited.py", "everything: the rules of reading changed"),
        ("units.py", "everything: the rules of reading changed"),
        ("signals.py", "what is new"),
        ("_intake.py", "everything: the rules of reading changed"),
    ],
)
def test_only_edits_of_the_code_that_cleans_spoil_the_journal(own_code, shop, module, reading):
    load_dataset(shop, APPEND)
    with (own_code / module).open("a") as file:
        file.write("# edited\n")
    assert load_dataset(shop, APPEND).reading == reading


def test_another_version_of_a_parser_spoils_the_journal(shop, monkeypatch):
    monkeypatch.setattr("polars.__version__", "0.0")
    assert "rules of reading" in load_dataset(shop, APPEND).reading


def test_details_that_are_gathered_spoil_the_journal(workspace):
    """Even when the pattern leads to the same single field."""
    dataset = Dataset.find("shop")
    dataset.raw.mkdir(parents=True)
    (dataset.raw / "reviews.csv").write_text("user_id,item_id\nu,p\n")
    (dataset.raw / "products.csv").write_text("id,spec_a\np,1\n")

    def details(name):
        parameters = EtlParameters(mode="append", product_columns={"details": name})
        return load_dataset(dataset, parameters).catalogue.frame["details"].to_list()

    assert details("spec_a") == ["1"]
    assert details("spec_*") == ['{"spec_a": "1"}']
