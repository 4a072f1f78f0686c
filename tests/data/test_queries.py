"""A query in a file is an input file: its result is read and counted as any other."""

import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal

import polars as pl
import pytest

from recsys_lib.columns import Products, Ratings
from recsys_lib.data import queries
from recsys_lib.data.doctor import inspect
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.input_files import find_input_files
from recsys_lib.data.queries import _sqlalchemy, fetch
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

ORDERS = [("ann", "tea", "2024-01-01", 5), ("bob", "mug", "2024-01-02", 4), ("ann", None, "x", 3)]
SQLITE = "-- database: sqlite:///shop.db\n"
SELECT = "SELECT customer, sku, ordered_at, stars FROM orders;\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with a database of SQLite, and how a dataset in it is read."""
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    monkeypatch.delenv(fetch._REUSED_SINCE, raising=False)

    class Shop:
        folder = tmp_path / "shop"

        def put(self, name, text):
            (self.folder / name).write_text(text)

        def execute(self, statement, rows=()):
            with closing(sqlite3.connect(self.folder / "shop.db")) as connection:
                connection.executemany(statement, rows)
                connection.commit()

        def load(self, **parameters):
            dataset = Dataset.find(self.folder, tmp_path)
            return load_dataset(dataset, EtlParameters(max_bad_share=0.5, **parameters))

        def find(self, **parameters):
            return find_input_files(Dataset.find(self.folder), EtlParameters(**parameters))

    made = Shop()
    made.folder.mkdir()
    made.execute("CREATE TABLE orders (customer, sku, ordered_at, stars)", [()])
    made.execute("CREATE TABLE products (sku, title, price)", [()])
    made.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", ORDERS)
    made.execute("INSERT INTO products VALUES ('tea', 'Green tea', '4,50')", [()])
    return made


def pairs(loaded):
    return sorted(loaded.ratings.frame.select(Ratings.USER, Ratings.ITEM, Ratings.RATING).rows())


def test_ratings_and_products_from_sqlite_are_cleaned_and_counted(shop):
    shop.put("orders.sql", SQLITE + SELECT)
    shop.put("products.sql", SQLITE + "SELECT * FROM products")
    loaded = shop.load()
    summary = store_dataset(loaded)
    assert pairs(loaded) == [("ann", "tea", 5.0), ("bob", "mug", 4.0)]
    assert loaded.ratings.n_lines == 3
    assert [bad.reason for bad in loaded.ratings.rejected] == ["parent_asin is missing"]
    row = loaded.catalogue.frame.select(Products.ITEM, Products.TITLE, Products.PRICE).row(0)
    assert row == ("tea", "Green tea", 4.5)
    assert {"orders.sql", "products.sql"} == {
        path.rsplit("/", 2)[1] for path in (file["path"] for file in summary["files"])
    }


def test_duckdb_reads_a_database_and_files_beside_the_query(shop):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(shop.folder / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE sales AS SELECT 'ann' AS customer, 'tea' AS sku")
    shop.put("sales.sql", "-- database: duckdb:///shop.duckdb\nSELECT * FROM sales")
    assert pairs(shop.load()) == [("ann", "tea", None)]
    (shop.folder / "sales.sql").unlink()
    pl.DataFrame({"who": ["bob"], "what": ["mug"]}).write_parquet(shop.folder / "log-1.parquet")
    shop.put(
        "sales.sql", "-- database: duckdb:\nSELECT who AS buyer, what AS sku FROM 'log-*.parquet'"
    )
    assert pairs(shop.load(reviews="sales.sql", products="none")) == [("bob", "mug", None)]


def test_many_rows_come_in_batches_and_none_is_lost(shop, monkeypatch):
    monkeypatch.setattr(fetch, "_ROWS", 7)
    rows = [(f"u{n}", f"i{n % 5}", f"2024-01-{n % 28 + 1:02}", n % 5 + 1) for n in range(50)]
    shop.execute("DELETE FROM orders", [()])
    shop.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    shop.put("orders.sql", SQLITE + SELECT)
    loaded = shop.load()
    assert len(loaded.inputs.reviews) == 8
    assert loaded.ratings.n_lines == len(pairs(loaded)) == 50


def test_values_keep_their_type_or_become_text():
    def text(values):
        return pl.Series(_sqlalchemy._array(values)).to_list()

    moment = datetime(2024, 1, 1, 12)
    assert text([moment, None]) == [moment, None]
    assert text([Decimal("4.50"), None]) == [Decimal("4.50"), None]
    assert text([1, "a", None]) == ["1", "a", None]
    assert text([{"id": 1}, [2]]) == ['{"id": 1}', "[2]"]
    assert text([None]) == [None]


def test_a_query_is_asked_again_in_each_run_and_once_within_it(shop, monkeypatch):
    shop.put("orders.sql", SQLITE + SELECT)
    assert len(pairs(shop.load())) == 2
    shop.execute("INSERT INTO orders VALUES ('eve', 'tea', '2024-01-03', 5)", [()])
    assert len(pairs(shop.load())) == 3
    monkeypatch.setenv(fetch._REUSED_SINCE, "")
    queries.reuse_results()
    assert len(pairs(shop.load())) == 3
    shop.execute("INSERT INTO orders VALUES ('eve', 'mug', '2024-01-03', 5)", [()])
    assert len(pairs(shop.load())) == 3
    queries.reuse_results()
    assert len(pairs(shop.load())) == 4


def test_a_result_may_be_kept_until_the_query_changes(shop):
    shop.put("orders.sql", f"{SQLITE}-- fetch: once\n{SELECT}")
    before = pairs(shop.load())
    shop.execute("INSERT INTO orders VALUES ('eve', 'tea', '2024-01-03', 5)", [()])
    assert pairs(shop.load()) == before
    shop.put("orders.sql", f"{SQLITE}-- fetch: once\n{SELECT.replace(';', ' WHERE sku <> 1;')}")
    assert len(pairs(shop.load())) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- database: postgresql://shop:secret@db/shop\nSELECT 1", r"password: write \$\{NAME\}"),
        ("-- database: mssql://db/s?UID=a&PWD=secret\nSELECT 1", r"password: write \$\{NAME\}"),
        ("-- database: ${NO_SUCH_URL}\nSELECT 1", "variable NO_SUCH_URL is not set"),
        ("-- database: sqlite:///none.db\nSELECT 1", "there is no database file"),
        ("-- database: nothing://db\nSELECT 1", "does not answer .*nothing"),
        (f"{SQLITE}SELECT * FROM no_such_table", "does not answer .*no_such_table"),
        (f"{SQLITE}SELECT sku, sku FROM orders", "'sku'.*two columns"),
        (f"{SQLITE}SELECT * FROM orders WHERE 0", "finds no rows"),
        (f"{SQLITE}DELETE FROM orders", "returns no rows"),
        (f"{SQLITE}-- nothing\n", "holds no query"),
        (f"{SQLITE}-- fetch: never\nSELECT 1", "'never' is no way to fetch"),
        ("SELECT * FROM orders", "line 1: names no database"),
    ],
)
def test_what_cannot_be_asked_is_an_error_with_its_file(shop, text, said):
    shop.put("orders.sql", text)
    with pytest.raises(InputDataError, match=said) as caught:
        shop.find(reviews="orders.sql", products="none")
    assert str(shop.folder / "orders.sql") in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_secret_of_the_environment_is_used_and_never_shown_or_stored(shop, monkeypatch):
    monkeypatch.setenv("SHOP_KEY", "a/b@c:d?e")
    shop.put("orders.sql", f"-- database: postgresql://shop:${{SHOP_KEY}}@localhost/x\n{SELECT}")
    query = queries.read_query(shop.folder / "orders.sql")
    assert _sqlalchemy.sa.make_url(query.url()).password == "a/b@c:d?e"
    assert "a/b@c" not in str(query.failed(ValueError("no user shop with a/b@c:d?e")))
    monkeypatch.setenv("SHOP_URL", "sqlite:///shop.db")
    shop.put("orders.sql", f"-- database: ${{SHOP_URL}}\n{SELECT}")
    assert len(pairs(shop.load())) == 2
    stored = [path.read_bytes() for path in shop.folder.parent.rglob("query.json")]
    assert stored
    assert not any(b"shop.db" in text for text in stored)


def test_a_dump_is_no_query_and_is_left_alone(shop):
    shop.put("dump.sql", "CREATE TABLE x (y);")
    shop.put("orders.csv", "customer,sku\nann,tea\n")
    assert [path.name for path in shop.find().reviews] == ["orders.csv"]


def test_doctor_shows_what_a_query_finds(shop):
    shop.put("orders.sql", SQLITE + SELECT)
    finding = inspect(shop.folder)
    assert finding.parameters["reviews"] == "orders.sql"
    assert finding.files[0].title().startswith("orders.sql, fetched into part-00000.parquet")
    assert {one.meaning for one in finding.files[0].columns} == {
        Ratings.USER,
        Ratings.ITEM,
        Ratings.TIMESTAMP,
        Ratings.RATING,
    }
