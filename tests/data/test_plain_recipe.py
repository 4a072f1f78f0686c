"""A million generated lines with dirt: the same database as from the plain recipe."""

import json
import sqlite3
from contextlib import closing

import pytest

from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

COLUMNS = "user_id, parent_asin, rating, timestamp, verified_purchase, helpful_vote"


def plain_rows(path):
    """json.loads for each line, the rules in words, a dictionary of the last ratings."""
    last, seen, counts = {}, set(), {"lines": 0, "rejected": 0, "exact_duplicates": 0}
    with path.open("rb") as lines:
        for line in lines:
            counts["lines"] += 1
            try:
                review = json.loads(line.decode())
                row = (
                    review["user_id"].strip(),
                    (review["parent_asin"] or review["asin"]).strip(),
                    float(review["rating"]),
                    int(review["timestamp"]),
                    int(review["verified_purchase"]),
                    int(review["helpful_vote"]),
                )
                if not row[0] or not row[1] or not 1 <= row[2] <= 5:
                    raise ValueError
            except (ValueError, KeyError, TypeError, AttributeError):
                counts["rejected"] += 1
                continue
            if row in seen:
                counts["exact_duplicates"] += 1
                continue
            seen.add(row)
            before = last.get(row[:2])
            if before is None or (row[3], row[2], *row[4:]) > (before[3], before[2], *before[4:]):
                last[row[:2]] = row
    return sorted(last.values()), counts


@pytest.mark.slow
def test_the_database_is_that_of_the_plain_recipe(workspace):
    dataset = Dataset.find("sample-850000")
    loaded = load_dataset(dataset, EtlParameters())
    ours = store_dataset(loaded)["counts"]
    rows, counts = plain_rows(dataset.raw / "reviews.jsonl")
    assert counts["lines"] > 1_000_000
    assert counts["rejected"] > 100
    assert {name: ours[name] for name in counts} == counts
    assert ours["kept"] == len(rows)
    query = f"SELECT {COLUMNS} FROM user_item_rating ORDER BY user_id, parent_asin"
    with closing(sqlite3.connect(dataset.database)) as connection:
        stored = connection.execute(query).fetchall()
        products = connection.execute(
            "SELECT COUNT(*), COUNT(DISTINCT parent_asin), COUNT(title) FROM product_catalog"
        ).fetchone()
    assert stored == rows
    with (dataset.raw / "meta.jsonl").open() as lines:
        catalogue = {record["parent_asin"]: record for record in map(json.loads, lines)}
    titled = sum(bool((record["title"] or "").strip()) for record in catalogue.values())
    assert products == (len(catalogue), len(catalogue), titled)
