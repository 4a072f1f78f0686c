"""Known-item queries are drawn from all reviews, and the order of the lines decides nothing."""

import json
import random
from types import SimpleNamespace

import polars as pl
import pytest

from recsys_lib.data.formats import _blocks
from recsys_lib.ids import IdMap
from recsys_lib.search.quality import known_items

PRODUCTS = [f"P{n:03}" for n in range(200)]
LINES = [
    {"parent_asin": PRODUCTS[n % 250] if n % 250 < 200 else f"X{n}", "text": text}
    for n in range(1000)
    for text in (f"words of review {n}", "")
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 4_000)


def drawn(path, lines, seed=3):
    """Text of the query -> product."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    search = SimpleNamespace(
        items=IdMap(PRODUCTS), display=pl.DataFrame({"title": [f"tea {p}" for p in PRODUCTS]})
    )
    columns = {"parent_asin": [next(iter(lines[0]))]}
    summary = {"files": [{"path": str(path)}], "review_columns": columns, "text_form": {}}
    _, reviews = known_items(search, summary, 20, seed=seed)
    rows = [next(iter(grades)) for grades in reviews.grades]
    return dict(zip(reviews.queries, (PRODUCTS[row] for row in rows), strict=True))


def test_shuffled_lines_give_the_same_queries(tmp_path):
    queries = drawn(tmp_path / "reviews.jsonl", LINES)
    for seed in range(3):
        shuffled = random.Random(seed).sample(LINES, len(LINES))
        assert list(drawn(tmp_path / "shuffled.jsonl", shuffled).items()) == list(queries.items())


def test_queries_come_from_the_whole_file_and_name_their_products(tmp_path):
    queries = drawn(tmp_path / "reviews.jsonl", LINES)
    products = {line["text"]: line["parent_asin"] for line in LINES}
    assert len(queries) == len(set(queries.values())) == 20
    assert all(products[text] == product for text, product in queries.items())
    numbers = sorted(int(text.split()[-1]) for text in queries)
    assert numbers[0] < 250 and numbers[-1] >= 750
    assert drawn(tmp_path / "reviews.jsonl", LINES, seed=4) != queries


def test_columns_are_those_that_the_dataset_was_read_by(tmp_path):
    named = [{"sku": line["parent_asin"], "Review-Text": line["text"]} for line in LINES]
    expected = drawn(tmp_path / "reviews.jsonl", LINES)
    assert drawn(tmp_path / "bewertungen.jsonl", named) == expected
    nested = [{"sku": line["parent_asin"], "said": {"comment": line["text"]}} for line in LINES]
    assert drawn(tmp_path / "nested.jsonl", nested) == expected


def test_a_catalogue_alone_has_queries_by_titles_only(tmp_path):
    path = tmp_path / "products.csv"
    path.write_text("sku,title,text\nP001,tea,Leaves of tea\n")
    search = SimpleNamespace(items=IdMap(["P001"]), display=pl.DataFrame({"title": ["tea"]}))
    columns = {"parent_asin": []}
    summary = {"files": [{"path": str(path)}], "review_columns": columns, "text_form": {}}
    assert [kind.prefix for kind in known_items(search, summary, 5, seed=1)] == ["known_titles."]
