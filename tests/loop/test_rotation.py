"""Days that are over move to Parquet: whole, once, also after a kill."""

from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from recsys_lib.errors import ArtifactError
from recsys_lib.loop import (
    Event,
    ServedList,
    Shown,
    last_list,
    read_events,
    read_shown,
    rotate,
)
from recsys_lib.loop import rotation as rotation_module
from recsys_lib.loop.store import connect, insert

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, day) for day in (2, 3, 4))


def fill(folder, day, numbers):
    lists = [
        ServedList(
            "v1",
            (Shown("a", 1, 0.9), Shown("b", 2, 0.8)),
            list_id=f"{day}-{n}",
            time=f"{day}T{n % 24:02}:00:00.000000Z",
        )
        for n in numbers
    ]
    events = [
        Event("click", "a", one.list_id, event_id=f"e-{one.list_id}", time=one.time)
        for one in lists
    ]
    connection = connect(folder)
    insert(connection, lists, [events])
    connection.close()


def rows_in_database(folder):
    connection = connect(folder)
    counts = [
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("lists", "list_items", "events")
    ]
    connection.close()
    return counts


def test_days_before_today_are_files_and_today_stays(tmp_path):
    fill(tmp_path, MONDAY, range(3))
    fill(tmp_path, TUESDAY, range(2))
    before = read_shown(tmp_path), read_events(tmp_path)
    assert rotate(tmp_path, TUESDAY) == [MONDAY]
    assert rows_in_database(tmp_path) == [2, 4, 2]
    assert read_shown(tmp_path).equals(before[0])
    assert read_events(tmp_path).equals(before[1])
    assert len(pl.read_parquet(tmp_path / "day=2026-03-02" / "lists.parquet")) == 6
    assert rotate(tmp_path, TUESDAY) == []
    everything = f"{tmp_path}/day=*/events.parquet"
    found = duckdb.sql(f"SELECT count(*), min(day)::VARCHAR FROM '{everything}'").fetchall()
    assert found == [(3, "2026-03-02")]


def test_what_comes_late_for_a_day_joins_its_file(tmp_path):
    fill(tmp_path, MONDAY, range(2))
    rotate(tmp_path, TUESDAY)
    fill(tmp_path, MONDAY, range(1, 4))  # one of them again
    assert len(read_events(tmp_path)) == 4
    rotate(tmp_path, TUESDAY)
    assert rows_in_database(tmp_path) == [0, 0, 0]
    assert len(read_events(tmp_path)) == 4
    assert len(read_shown(tmp_path)) == 8


@pytest.mark.parametrize(("killed_before", "left"), [("_add", [3, 6, 3]), ("_delete", [0, 0, 3])])
def test_a_kill_in_between_loses_and_doubles_nothing(tmp_path, monkeypatch, killed_before, left):
    fill(tmp_path, MONDAY, range(3))
    before = read_shown(tmp_path), read_events(tmp_path)
    real, calls = getattr(rotation_module, killed_before), []

    def killed(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(rotation_module, killed_before, killed)
    with pytest.raises(KeyboardInterrupt):
        rotate(tmp_path, TUESDAY)
    assert rows_in_database(tmp_path) == left
    assert read_shown(tmp_path).equals(before[0])
    assert read_events(tmp_path).equals(before[1])
    monkeypatch.undo()
    assert rotate(tmp_path, TUESDAY) == [MONDAY]
    assert rows_in_database(tmp_path) == [0, 0, 0]
    assert read_shown(tmp_path).equals(before[0])
    assert read_events(tmp_path).equals(before[1])


def test_only_the_days_and_columns_that_are_asked_for_are_read(tmp_path):
    fill(tmp_path, MONDAY, range(3))
    fill(tmp_path, TUESDAY, range(5))
    fill(tmp_path, WEDNESDAY, range(2))
    rotate(tmp_path, WEDNESDAY)
    everything = read_shown(tmp_path)
    since = datetime(2026, 3, 3, 1, tzinfo=UTC)
    columns = ["item_id", "list_id"]
    # A file of a day before is not even opened.
    (tmp_path / "day=2026-03-02" / "lists.parquet").write_bytes(b"damaged")
    found = read_shown(tmp_path, since, columns)
    assert found.equals(everything.filter(pl.col("time") >= since).select(columns))
    assert found["list_id"].n_unique() == 4 + 2
    (tmp_path / "day=2026-03-02" / "events.parquet").unlink()
    assert read_events(tmp_path, since)["list_id"].to_list() == [
        *(f"{TUESDAY}-{n}" for n in range(1, 5)),
        *(f"{WEDNESDAY}-{n}" for n in range(2)),
    ]
    with pytest.raises(ArtifactError, match=r"day=2026-03-02.lists\.parquet cannot be read"):
        read_shown(tmp_path)


def test_the_time_of_the_newest_list(tmp_path):
    assert last_list(tmp_path) is None
    fill(tmp_path, MONDAY, range(3))
    noted = last_list(tmp_path)
    assert noted == datetime(2026, 3, 2, 2, tzinfo=UTC)
    rotate(tmp_path, TUESDAY)
    assert last_list(tmp_path) == noted


def test_a_folder_without_feedback_has_nothing_to_move(tmp_path):
    assert rotate(tmp_path) == []
    assert not list(tmp_path.iterdir())
