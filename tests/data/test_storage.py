"""When writing fails, what was there before stays."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from recsys_lib.data import database
from recsys_lib.data.database import database_counts
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.errors import InputDataError, StorageError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

KILLED = """
import sys
from recsys_lib.data import database
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset
insert = database._insert
def slow(path, table, frame):
    insert(path, table, frame)
    print("half way", flush=True)
    import time; time.sleep(60)
database._insert = slow
store_dataset(load_dataset(Dataset.find("shop"), EtlParameters()))
"""


LEFT_BEHIND = """
import os, sqlite3, sys
path, mode = sys.argv[1:]
connection = sqlite3.connect(path, isolation_level=None)
connection.execute(f"PRAGMA journal_mode = {mode}")
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN")
row = ("u", "x" * 3000, 1.0, 1, 1, 0)
rows = [(f"{row[0]}{i}", *row[1:]) for i in range(500)]
connection.executemany("INSERT INTO user_item_rating VALUES (?, ?, ?, ?, ?, ?)", rows)
if mode == "WAL":
    connection.execute("COMMIT")
os._exit(0)
"""


@pytest.fixture
def shop(workspace):
    """A stored dataset with one rating, and a second rating in its file since."""
    dataset = Dataset.find("shop")
    dataset.raw.mkdir(parents=True)
    path = dataset.raw / "reviews.csv"
    path.write_text("user_id,item_id\nu1,a\n")
    store_dataset(load_dataset(dataset, EtlParameters()))
    path.write_text("user_id,item_id\nu1,a\nu2,a\n")
    return dataset


def files(dataset):
    return sorted(path.name for path in dataset.processed.iterdir())


def test_a_full_disk_leaves_the_old_database_and_is_named(shop, monkeypatch):
    before = files(shop)

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(database, "_insert", full)
    with pytest.raises(StorageError, match=r"recommender\.db could not be written.*No space left"):
        store_dataset(load_dataset(shop, EtlParameters()))
    assert database_counts(shop.database)["n_ratings"] == 1
    assert files(shop) == before


def contents(dataset):
    return {path.name: path.read_bytes() for path in dataset.processed.iterdir()}


def test_a_disk_that_is_full_for_the_interactions(shop, monkeypatch):
    before = contents(shop)

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(StorageError, match=r"could not be written.*No space left"):
        store_dataset(load_dataset(shop, EtlParameters()))
    assert contents(shop) == before


def test_nothing_is_swapped_in_when_the_products_or_the_filters_fail(shop):
    before = contents(shop)
    with pytest.raises(InputDataError, match="the filters leave no rating"):
        store_dataset(load_dataset(shop, EtlParameters(min_user_ratings=5)))
    assert contents(shop) == before
    (shop.raw / "meta.jsonl").write_text('{"asin": "a"}\nbroken\n')
    with pytest.raises(InputDataError, match="1 of 2 lines were rejected"):
        store_dataset(load_dataset(shop, EtlParameters()))
    assert contents(shop) | {"rejected.jsonl": b""} == before


def test_a_really_full_disk(workspace, tmp_path_factory):
    """A file system of one megabyte, where the machine lets us make one."""
    small = tmp_path_factory.mktemp("small")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        path = small / "recommender.db"
        ids = [f"user-{i}" for i in range(40_000)]
        one = pl.DataFrame({"user_id": ids[:1], "parent_asin": ["a"]})
        database.write_database(path, as_ratings(one), no_products)
        many = pl.DataFrame({"user_id": ids, "parent_asin": ["a"] * len(ids)})
        with pytest.raises(StorageError, match="is the disk full"):
            database.write_database(path, as_ratings(many), no_products)
        assert database_counts(path)["n_ratings"] == 1
        assert [p.name for p in small.iterdir()] == ["recommender.db"]
    finally:
        subprocess.run(["umount", str(small)], check=True)


def as_ratings(pairs):
    return pairs.with_columns(
        pl.lit(5.0).alias("rating"),
        pl.lit(1).alias("timestamp"),
        pl.lit(1).alias("verified_purchase"),
        pl.lit(0).alias("helpful_vote"),
    )


def no_products():
    from recsys_lib.columns import Products

    return pl.DataFrame(schema=dict.fromkeys(Products.ALL, pl.String()))


@pytest.mark.slow
def test_kill_9_while_the_database_is_written(shop):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout.readline() == "half way\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert database_counts(shop.database)["n_ratings"] == 1
    time.sleep(0.1)
    summary = store_dataset(load_dataset(shop, EtlParameters()))
    assert summary["counts"]["kept"] == database_counts(shop.database)["n_ratings"] == 2


@pytest.mark.parametrize(("mode", "left"), [("WAL", {"-wal", "-shm"}), ("DELETE", {"-journal"})])
def test_what_a_killed_program_left_beside_the_database_goes_with_it(shop, mode, left):
    subprocess.run([sys.executable, "-c", LEFT_BEHIND, str(shop.database), mode], check=True)
    names = {path.name.removeprefix("recommender.db") for path in shop.processed.iterdir()}
    assert left <= names
    store_dataset(load_dataset(shop, EtlParameters()))
    assert database_counts(shop.database)["n_ratings"] == 2
    assert [name for name in files(shop) if name.startswith("recommender.db")] == ["recommender.db"]


def test_a_database_that_is_damaged_on_the_disk_is_found(shop, monkeypatch):
    from recsys_lib.data import etl

    write = etl.write_database

    def torn(path, *rest):
        write(path, *rest)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])

    monkeypatch.setattr(etl, "write_database", torn)
    with pytest.raises(StorageError, match=r"recommender\.db is damaged right after"):
        store_dataset(load_dataset(shop, EtlParameters()))
