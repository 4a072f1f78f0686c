import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data.database import database_counts, read_products
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.summary import read_summary
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

NOON = 1_600_000_000_000


def review(user="u1", item="i1", rating=5.0, time=NOON, **more):
    return {
        "user_id": user,
        "parent_asin": item,
        "asin": item,
        "rating": rating,
        "timestamp": time,
        "verified_purchase": True,
        "helpful_vote": 2,
        **more,
    }


@pytest.fixture
def shop(workspace):
    """Put reviews (dicts or raw lines) and products into a dataset and load it."""

    def load(reviews, products=(), **parameters):
        raw = workspace / "data" / "raw" / "shop"
        raw.mkdir(parents=True, exist_ok=True)
        as_line = lambda r: r if isinstance(r, str) else json.dumps(r)  # noqa: E731
        (raw / "reviews.jsonl").write_text("\n".join(map(as_line, reviews)) + "\n")
        if products:
            (raw / "meta.jsonl").write_text("\n".join(map(as_line, products)) + "\n")
        return load_dataset(Dataset.find("shop"), EtlParameters(max_bad_share=1.0, **parameters))

    return load


def test_the_last_rating_of_a_user_for_an_item_counts(shop):
    loaded = shop([review(rating=1, time=NOON + 5), review(rating=4, time=NOON + 9), review()])
    assert loaded.ratings.frame["rating"].to_list() == [4.0]
    assert loaded.ratings.n_superseded == 2


def test_exact_duplicates_are_counted_apart(shop):
    loaded = shop([review(), review(), review(user="u2")])
    assert (loaded.ratings.n_exact_duplicates, loaded.ratings.n_superseded) == (1, 0)
    assert len(loaded.ratings.frame) == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"user_id": None}, "user_id is missing"),
        ({"user_id": "  "}, "user_id is missing"),
        ({"parent_asin": "", "asin": None}, "parent_asin is missing"),
        ({"rating": 0.0}, "rating is not between 1 and 5"),
        ({"rating": 9}, "rating is not between 1 and 5"),
        ({"rating": "good"}, "rating is not a number"),
        ({"rating": None}, "rating is missing"),
        ({"timestamp": "yesterday"}, "timestamp is missing or no time"),
    ],
)
def test_bad_records_are_rejected_with_line_and_reason(shop, workspace, bad, reason):
    loaded = shop([review(), {**review(user="u2"), **bad}, review(user="u3")])
    assert loaded.ratings.frame["user_id"].to_list() == ["u1", "u3"]
    (line,) = (workspace / "data/processed/shop/rejected.jsonl").read_text().splitlines()
    rejected = json.loads(line)
    assert (rejected["line"], rejected["reason"]) == (2, reason)
    assert rejected["file"].endswith("reviews.jsonl")


def test_asin_stands_in_for_a_missing_parent(shop):
    loaded = shop([review(item=None, asin="child"), review(item="parent", asin="child")])
    assert sorted(loaded.ratings.frame["parent_asin"]) == ["child", "parent"]


@pytest.mark.parametrize(
    ("time", "unit", "stored"),
    [(1_600_000_000, "s", 1_600_000_000_000), (NOON, "ms", NOON), (7, "order", 7)],
)
def test_the_unit_of_timestamps_is_found(shop, time, unit, stored):
    loaded = shop([review(time=time)])
    assert loaded.ratings.timestamp_unit == unit
    assert loaded.ratings.frame["timestamp"].to_list() == [stored]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["u1", "u2", None]),
            st.sampled_from(["i1", "i2"]),
            st.sampled_from([1.0, 5.0, 0.0]),
            st.integers(NOON, NOON + 2),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_rows_in_are_rows_kept_plus_rows_explained(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("w")
    raw = root / "data" / "raw" / "shop"
    raw.mkdir(parents=True)
    lines = [json.dumps(review("u0", "i0")), "broken", *(json.dumps(review(*r)) for r in rows)]
    (raw / "reviews.jsonl").write_text("\n".join(lines))
    ratings = load_dataset(Dataset.find("shop", root), EtlParameters(max_bad_share=1.0)).ratings
    funnel = ratings.funnel()
    assert ratings.n_lines == len(lines)
    assert sum(step["rows"] for step in funnel[:-1]) == funnel[-1]["rows"] == len(ratings.frame)
    good = [(u, i, r, t) for u, i, r, t in rows if u and r >= 1]
    assert len(ratings.frame) == 1 + len({(u, i) for u, i, _, _ in good})
    assert len(ratings.rejected) == 1 + len(rows) - len(good)


def test_products_are_cleaned(shop):
    products = [
        {
            "parent_asin": "i1",
            "title": "<b>Belt</b> &amp; Roller  &quot;kit&quot;",
            "price": "$1,234.56",
            "features": ["strong", "black"],
            "details": {"Brand": "X"},
        },
        {"parent_asin": "i2", "title": "", "price": "—", "features": []},
        {"parent_asin": "i1", "title": "again"},
    ]
    catalogue = shop([review()], products).catalogue
    first, second = catalogue.frame.sort("parent_asin").to_dicts()
    assert first["title"] == 'Belt & Roller "kit"'
    assert first["price"] == 1234.56
    assert json.loads(first["features"]) == ["strong", "black"]
    assert json.loads(first["details"]) == {"Brand": "X"}
    assert (second["title"], second["price"], second["features"]) == (None, None, None)
    assert (catalogue.n_duplicates, catalogue.n_unreadable_prices) == (1, 1)


@pytest.mark.parametrize("empty", [[], {}, "", " ", None])
def test_an_empty_value_is_none_and_the_next_field_counts(shop, empty):
    product = {"parent_asin": "i1", "details": empty, "features": empty, "feature": ["old name"]}
    (row,) = shop([review()], [product]).catalogue.frame.to_dicts()
    assert (row["details"], json.loads(row["features"])) == (None, ["old name"])


def test_a_title_of_markup_only_is_none(shop):
    products = [{"parent_asin": "i1", "title": "<b></b>"}, {"parent_asin": "i2", "title": "A  b"}]
    titles = shop([review()], products).catalogue.frame["title"].to_list()
    assert titles == [None, "A b"]


def test_objects_printed_by_python_become_json(workspace):
    raw = workspace / "data" / "raw" / "shop"
    raw.mkdir(parents=True)
    (raw / "reviews.csv").write_text("user_id,parent_asin,rating,timestamp\nu,i,5,1600000000000\n")
    (raw / "meta.csv").write_text("parent_asin,title,details\ni,Belt,\"{'Brand': 'X'}\"\n")
    products = load_dataset(Dataset.find("shop"), EtlParameters()).catalogue.frame
    assert json.loads(products["details"][0]) == {"Brand": "X"}


def test_the_database_has_the_tables_and_indexes_of_the_contract(shop):
    loaded = shop([review(), review(user="u2", rating=3)], [{"parent_asin": "i1", "title": "B"}])
    store_dataset(loaded)
    path = loaded.dataset.database
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT user_id, parent_asin, rating, timestamp, verified_purchase, helpful_vote "
            "FROM user_item_rating ORDER BY user_id"
        ).fetchall()
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM user_item_rating WHERE parent_asin = 'x'"
        ).fetchall()
    assert rows == [("u1", "i1", 5.0, NOON, 1, 2), ("u2", "i1", 3.0, NOON, 1, 2)]
    assert "USING INDEX" in str(plan)
    assert read_products(path)["title"].to_list() == ["B"]
    expected = {"n_ratings": 2, "n_users": 2, "n_products": 1, "avg_rating": 4.0}
    assert database_counts(path) == expected


def test_interactions_come_back_as_they_were_stored(shop):
    loaded = shop([review("u2", "i2", 2), review("u1", "i2", 4, NOON + 1), review("u1", "i1", 5)])
    summary = store_dataset(loaded)
    stored = Interactions.load(loaded.dataset.processed)
    assert list(stored.users.ids()) == ["u1", "u2"]
    assert list(stored.items.ids()) == ["i1", "i2"]
    assert stored.item.tolist() == [0, 1, 1]
    assert stored.user_items().toarray().tolist() == [[5.0, 4.0], [0.0, 2.0]]
    assert read_summary(loaded.dataset.processed) == summary
    assert summary["metrics"]["etl.kept"] == 3


def test_files_without_ratings_counts_one_each(workspace):
    raw = workspace / "data" / "raw" / "plays"
    raw.mkdir(parents=True)
    (raw / "interactions.csv").write_text("who,what\na,x\na,y\nb,x\n")
    parameters = EtlParameters(columns={"user_id": "who", "parent_asin": "what"})
    loaded = load_dataset(Dataset.find("plays"), parameters)
    assert not loaded.ratings.has_ratings
    assert loaded.ratings.frame["rating"].null_count() == 3
    assert loaded.ratings.interactions().rating.tolist() == [1.0, 1.0, 1.0]


def test_the_fingerprint_follows_content_and_parameters(shop):
    one = store_dataset(shop([review()]))["fingerprint"]
    assert store_dataset(shop([review()]))["fingerprint"] == one
    assert store_dataset(shop([review(rating=4)]))["fingerprint"] != one
    assert store_dataset(shop([review()], timestamp_unit="ms"))["fingerprint"] != one


class TestUnusableInput:
    def load(self, workspace, **parameters):
        return load_dataset(Dataset.find("shop"), EtlParameters(**parameters))

    def put(self, workspace, name, content):
        path = workspace / "data" / "raw" / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def test_no_folder(self, workspace):
        with pytest.raises(InputDataError, match="no such folder"):
            self.load(workspace)

    def test_no_review_file(self, workspace):
        self.put(workspace, "notes.txt", "hello")
        with pytest.raises(InputDataError, match=r"no reviews file found.*etl\.reviews"):
            self.load(workspace)

    def test_named_file_is_missing(self, workspace):
        self.put(workspace, "reviews.jsonl", json.dumps(review()))
        with pytest.raises(InputDataError, match=r"other\.jsonl.*no such file"):
            self.load(workspace, reviews="other.jsonl")

    def test_a_required_field_is_missing_everywhere(self, workspace):
        path = self.put(workspace, "reviews.jsonl", '{"who": 1, "what": 2}\n')
        with pytest.raises(InputDataError, match="who, what") as caught:
            self.load(workspace)
        assert str(path) in str(caught.value)
        assert "field 'user_id" in str(caught.value)

    def test_an_empty_file(self, workspace):
        self.put(workspace, "reviews.jsonl", "")
        with pytest.raises(InputDataError, match="empty"):
            self.load(workspace)

    def test_too_many_bad_lines(self, workspace):
        path = self.put(workspace, "reviews.jsonl", json.dumps(review()) + "\nbad\n")
        with pytest.raises(InputDataError, match="1 of 2 lines were rejected") as caught:
            self.load(workspace)
        assert f"{path}, line 2" in str(caught.value)
        assert (workspace / "data/processed/shop/rejected.jsonl").read_text().count("\n") == 1

    def test_an_unknown_column_of_ours(self, workspace):
        self.put(workspace, "reviews.jsonl", json.dumps(review()))
        with pytest.raises(ValueError, match=r"etl\.columns.*'userid'"):
            self.load(workspace, columns={"userid": "user_id"})


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "layout", "expected"),
    [
        ("amazon2018_gift_cards", "amazon2018", (2965, 458, 148, 1547)),
        ("amazon2023_all_beauty", "amazon2023", (2535, 253, 356, 356)),
        ("amazon2018_games", "tables", (440_264, 50_546, 16_859, 16_859)),
    ],
)
def test_real_files_load_without_configuration(workspace, real_data, folder, layout, expected):
    loaded = load_dataset(Dataset.find(real_data / folder), EtlParameters())
    counts = loaded.counts()
    assert loaded.inputs.layout == layout
    assert tuple(counts[name] for name in ("kept", "users", "items", "products")) == expected
    assert loaded.catalogue.frame["title"].null_count() == 0
