"""Lists of exports in the log: whole, beside what was served on the day, and known by their ids."""

from contextlib import closing
from datetime import UTC, datetime

import polars as pl
import pytest

from recsys_lib.cli import main
from recsys_lib.errors import ParameterError
from recsys_lib.loop import Event, ServedList, Shown, outcomes, read_events, read_shown, rotate
from recsys_lib.loop.exported import EXPORT_ROUTE
from recsys_lib.loop.store import connect, insert
from recsys_lib.paths import Dataset
from recsys_lib.serving.export import Export


@pytest.fixture
def job(shop, tmp_path):
    """An export that logs into a folder of its own."""
    mine = Dataset("mine", tmp_path, tmp_path)
    return Export(mine, shop.version("v1"), 3, tmp_path / "out", by="als", log=True)


def test_lists_are_logged_as_they_are_in_the_file(job):
    folder = job.dataset.feedback
    served = ServedList("v1", (Shown("a", 1, 1.0),), user_id="u")
    with closing(connect(folder)) as connection:
        insert(connection, [served])
    (path,) = job.run("users")
    file = pl.read_parquet(path)
    assert file.columns == ["user_id", "rank", "item_id", "score", "list_id"]
    assert file.group_by("list_id").agg(pl.col("user_id").n_unique())["user_id"].max() == 1
    assert file["list_id"].n_unique() == file["user_id"].n_unique() > 100
    shown = read_shown(folder)
    assert shown.filter(list_id=served.list_id)["item_id"].to_list() == ["a"]
    rows = shown.filter(route=EXPORT_ROUTE).sort("user_id", "position")
    names = ("list_id", "user_id", "item_id", "position", "score")
    text = pl.col("list_id", "user_id", "item_id").cast(pl.String)
    wanted = file.rename({"rank": "position"}).sort("user_id", "position").with_columns(text)
    assert rows.select(names).with_columns(text).rows() == wanted.select(names).rows()
    first = rows.row(0, named=True)
    assert (first["version"], first["arm"], first["policy"]) == ("v1", "", "best")
    assert (datetime.now(UTC) - first["time"]).total_seconds() < 600


def test_a_second_export_and_the_nightly_move_keep_all(job):
    job.run("users")
    (path,) = job.run("users")
    folder, lists = job.dataset.feedback, pl.read_parquet(path)["list_id"].n_unique()
    assert read_shown(folder)["list_id"].n_unique() == 2 * lists
    time = read_shown(folder)["time"].max()
    late = ServedList("v1", (Shown("a", 1, 1.0),), user_id="u", time=time.isoformat()[:26] + "Z")
    with closing(connect(folder)) as connection:
        insert(connection, [late])
    rotate(folder, datetime(2100, 1, 1, tzinfo=UTC).date())
    assert read_shown(folder)["list_id"].n_unique() == 2 * lists + 1


def test_an_event_names_the_list_of_a_file(job):
    (path,) = job.run("users")
    row = pl.read_parquet(path).row(7, named=True)
    with closing(connect(job.dataset.feedback)) as connection:
        insert(connection, [], [[Event("click", row["item_id"], row["list_id"])]])
    folder = job.dataset.feedback
    clicked = outcomes(read_shown(folder), read_events(folder)).filter("clicked")
    assert clicked.select("user_id", "item_id").rows() == [(row["user_id"], row["item_id"])]


def test_nothing_is_logged_unless_asked_for(shop, tmp_path, job, monkeypatch):
    with pytest.raises(ParameterError, match="lists of users"):
        job.run("items")
    monkeypatch.setenv("RECSYS_HOME", str(shop.root))
    out = ["--what", "users", "--by", "als", "--out", str(tmp_path / "files"), "--quiet"]
    assert main(["export", "--dataset", "sample-1000", *out]) == 0
    assert "list_id" not in pl.read_parquet(tmp_path / "files" / "recommendations.parquet")
    assert not shop.feedback.exists()
    assert not job.dataset.feedback.exists()
