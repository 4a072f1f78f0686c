"""The order of the lines is no information: shuffled files give the same tables."""

import json
import random
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data.database import reading
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import INTERACTION_FILES, Dataset

NOON = 1_600_000_000_000
# No number of lines or bytes that another order would change.
OTHER = ("files", "product_files", "fingerprint", "reading")

review = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(["u1", "u2", "u3", ""]),
        "item_id": st.sampled_from(["i1", "i2", "i3", "i4"]),
        "rating": st.sampled_from([1, 5, 9, "x"]),
        "timestamp": st.sampled_from([NOON, NOON + 1, ""]),
        "verified_purchase": st.sampled_from(["true", "false", ""]),
        "helpful_vote": st.sampled_from([0, 7, ""]),
        "quantity": st.sampled_from([1, 2, 0.25, 0, ""]),
        "event": st.sampled_from(["view", "buy", ""]),
    }
)
product = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["i1", "i2", ""]),
        "title": st.sampled_from(["A", "B", "Longer", "<b></b>", ""]),
        "price": st.sampled_from(["$1", "$2", "-", ""]),
        "brand": st.sampled_from(["X", "Y", ""]),
    }
)
FIRST = [
    {
        "user_id": user,
        "item_id": "i1",
        "rating": 5,
        "timestamp": NOON,
        "verified_purchase": "true",
        "helpful_vote": 0,
        "quantity": 1,
        "event": "buy",
    }
    for user in ("u1", "u4")
]
FIRST_PRODUCTS = [{"id": item, "title": "A", "price": "$1", "brand": "X"} for item in ("i1", "i3")]


def write(path, records):
    if path.suffix == ".csv":
        names = list(records[0])
        lines = [",".join(names), *(",".join(str(r[name]) for name in names) for r in records)]
    else:
        lines = [json.dumps({k: None if v == "" else v for k, v in r.items()}) for r in records]
    path.write_text("\n".join(lines) + "\n")


def results(folder, **parameters):
    """All tables that a load leaves, and its counts."""
    dataset = Dataset.find(folder, folder.parent)
    with mock.patch("os.fsync"):  # many of them would be most of the time
        loaded = load_dataset(dataset, EtlParameters(max_bad_share=1.0, **parameters))
        summary = store_dataset(loaded)
    with reading(dataset.database) as connection:
        tables = [
            connection.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("user_item_rating", "product_catalog")
        ]
    stored = [(dataset.processed / name).read_bytes() for name in INTERACTION_FILES]
    counts = {name: value for name, value in summary.items() if name not in OTHER}
    return stored, tables, loaded.catalogue.frame.rows(), counts


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(
    reviews=st.lists(review, max_size=25),
    products=st.lists(product, max_size=8),
    suffix=st.sampled_from(["csv", "jsonl"]),
    left_out=st.sets(st.sampled_from(["rating", "timestamp", "quantity", "event"])),
    seed=st.integers(0, 99),
)
def test_shuffled_lines_change_nothing(tmp_path_factory, reviews, products, suffix, left_out, seed):
    """In one file, dealt out to several, and when most of them are appended."""
    root = tmp_path_factory.mktemp("w")
    reviews = [{k: v for k, v in r.items() if k not in left_out} for r in FIRST + reviews]
    products, good = FIRST_PRODUCTS + products, reviews[0]
    found = []
    for way in ("as they are", "shuffled", "several files", "appended"):
        folder = root / way.replace(" ", "-") / "shop"
        folder.mkdir(parents=True)
        n_files = 2 if way == "several files" else 1
        if way != "as they are":
            random.Random(seed).shuffle(reviews)
            random.Random(seed).shuffle(products)
        mode = "append" if way == "appended" else "full"
        if way == "appended":
            reviews.insert(0, reviews.pop(reviews.index(good)))  # a load needs a rating
            write(folder / f"reviews-1.{suffix}", reviews[:3])
            write(folder / f"meta-1.{suffix}", products[:1])
            results(folder, mode=mode)
        for at in range(n_files):
            write(folder / f"reviews-{n_files - at}.{suffix}", reviews[at::n_files])
            write(folder / f"meta-{n_files - at}.{suffix}", products[at::n_files])
        found.append(results(folder, mode=mode))
    for one in found[1:]:
        for part, expected in zip(one, found[0], strict=True):
            assert part == expected
