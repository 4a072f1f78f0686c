"""The feedback log: durable, once, never in the way of a request."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import polars as pl
import pytest

from recsys_lib.errors import ArtifactError, QueryError, StorageError
from recsys_lib.loop import Event, FeedbackLog, ServedList, Shown, read_events, read_shown, rotate
from recsys_lib.loop import log as log_module
from recsys_lib.loop.store import DATABASE, connect

DAY = "2026-03-01T12:00:00.000000Z"


def served(number, n_items=2, **facts):
    items = tuple(Shown(f"i{k}", k + 1, 1.0 / (k + 1), "als") for k in range(n_items))
    return ServedList("v1", items, list_id=f"l{number}", user_id=f"u{number}", **facts)


def test_lists_and_events_are_read_as_they_were_given(tmp_path):
    with FeedbackLog(tmp_path) as log:
        assert log.add_list(served(1, route="search", question="belt", milliseconds=3.5))
        assert log.add_list(served(2, n_items=0))
        assert log.add_events([Event("click", "i1", "l1", event_id="e1")]) == 1
    shown = read_shown(tmp_path)
    assert shown.select("list_id", "position", "item_id", "propensity").rows() == [
        ("l1", 1, "i0", 1.0),
        ("l1", 2, "i1", 1.0),
        ("l2", None, None, None),
    ]
    first = shown.row(0, named=True)
    assert (first["route"], first["question"], first["milliseconds"]) == ("search", "belt", 3.5)
    assert (first["version"], first["arm"], first["policy"]) == ("v1", "champion", "best")
    (event,) = read_events(tmp_path).rows(named=True)
    assert (event["event_id"], event["type"], event["item_id"], event["list_id"]) == (
        "e1",
        "click",
        "i1",
        "l1",
    )
    assert str(event["time"].tzinfo) == "UTC"
    assert (log.counts.lists, log.counts.events, log.counts.dropped) == (2, 1, 0)


def test_an_event_that_is_sent_again_is_kept_once(tmp_path):
    event = Event("cart", "i1", user_id="u1")
    with FeedbackLog(tmp_path) as log:
        assert log.add_events([event]) == 1
        assert log.add_events([event, Event("cart", "i1", user_id="u1")]) == 1
    assert len(read_events(tmp_path)) == 2
    assert log.counts.repeated == 1


def test_events_of_many_threads_each_know_what_was_new(tmp_path):
    events = [Event("view", "i", user_id="u", event_id=f"e{n % 50}") for n in range(100)]
    with FeedbackLog(tmp_path) as log, ThreadPoolExecutor(16) as pool:
        added = list(pool.map(lambda event: log.add_events([event]), events))
    assert set(added) == {0, 1}
    assert sum(added) == len(read_events(tmp_path)) == 50


def test_what_is_acknowledged_is_in_the_file_at_once(tmp_path):
    with FeedbackLog(tmp_path) as log:
        log.add_events([Event("purchase", "i", user_id="u")])
        assert len(read_events(tmp_path)) == 1  # by another connection, before the log is closed


def test_lists_are_dropped_and_counted_when_the_writer_falls_behind(tmp_path, monkeypatch):
    writes, may_write = threading.Event(), threading.Event()

    def slow(*arguments):
        writes.set()
        may_write.wait(30)
        return insert(*arguments)

    insert = log_module.insert
    monkeypatch.setattr(log_module, "insert", slow)
    monkeypatch.setattr(log_module, "_MOST_AT_ONCE", 1)
    with FeedbackLog(tmp_path, capacity=3) as log:
        assert log.add_list(served(0))
        assert writes.wait(30)
        kept = 1 + sum(log.add_list(served(n)) for n in range(1, 50))
        with pytest.raises(StorageError, match="too many events wait"):
            log.add_events([Event("click", "i", "l1")])
        may_write.set()
    assert kept == 4
    assert (log.counts.lists, log.counts.dropped) == (kept, 50 - kept)
    assert read_shown(tmp_path)["list_id"].n_unique() == kept


def test_a_disk_that_refuses_is_said_once_and_work_goes_on_afterwards(tmp_path, capsys):
    folder = tmp_path / "feedback"
    folder.write_text("a file where the folder should be")
    with FeedbackLog(folder) as log:
        for _ in range(2):
            with pytest.raises(StorageError, match="could not be written"):
                log.add_events([Event("click", "i", "l1")])
        log.add_list(served(1))
        with pytest.raises(StorageError):
            log.add_events([Event("click", "i", "l1")])
        assert log.counts.dropped == 1
        assert log.problem
        folder.unlink()
        assert log.add_events([Event("click", "i", "l1")]) == 1
        assert not log.problem
    assert capsys.readouterr().err.count("Feedback:") == 1


def test_a_batch_that_fails_leaves_nothing_half(tmp_path):
    with FeedbackLog(tmp_path) as log:
        log.add_events([Event("click", "i", "l1")])
        bad = Event("click", "i", "l1")
        object.__setattr__(bad, "item_id", None)  # the table refuses it
        with pytest.raises(StorageError, match="NOT NULL"):
            log.add_events([Event("view", "i", "l1"), bad])
        assert log.add_events([Event("cart", "i", "l1")]) == 1
    assert read_events(tmp_path)["type"].to_list() == ["click", "cart"]


def test_nothing_is_made_before_the_first_entry(tmp_path):
    with FeedbackLog(tmp_path / "new") as log:
        assert log.add_events([]) == 0
    assert not (tmp_path / "new").exists()
    assert read_shown(tmp_path / "new").is_empty()
    assert read_events(tmp_path / "new").is_empty()


def test_a_log_that_was_closed_starts_again(tmp_path):
    log = FeedbackLog(tmp_path)
    for number in range(3):
        assert log.add_list(served(number))
        log.close()
        log.close()
    assert read_shown(tmp_path)["list_id"].n_unique() == 3


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"type": "buy", "item_id": "i", "user_id": "u"}, "choose from view, click"),
        ({"type": "click", "item_id": "", "user_id": "u"}, "needs an item_id"),
        ({"type": "click", "item_id": "i"}, "a list_id, a user_id or a session_id"),
    ],
)
def test_an_event_must_say_who_did_what_with_which_item(facts, said):
    with pytest.raises(QueryError, match=said):
        Event(**facts)


def test_an_older_log_without_teams_is_read_and_written(tmp_path):
    connect(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / DATABASE)) as old:  # as version 1 made it
        old.execute("ALTER TABLE list_items DROP COLUMN team")
        old.execute("PRAGMA user_version = 1")
        old.execute("INSERT INTO lists VALUES ('l0', ?, 'u', '', 'v', '', '', '', '', 1)", [DAY])
        old.execute("INSERT INTO list_items VALUES ('l0', 1, 'i0', 0.5, 'als', 1.0)")
        old.commit()
    rotate(tmp_path)
    path = tmp_path / f"day={DAY[:10]}" / "lists.parquet"
    pl.read_parquet(path).drop("team").write_parquet(path)
    with FeedbackLog(tmp_path) as log:
        log.add_list(ServedList("v1+v2", (Shown("i1", 1, 1.0, team="champion"),), time=DAY))
    assert set(read_shown(tmp_path).select("item_id", "team").rows()) == {
        ("i0", ""),
        ("i1", "champion"),
    }
    rotate(tmp_path)
    assert sorted(pl.read_parquet(path)["team"]) == ["", "champion"]


def test_a_damaged_database_and_one_of_another_version_are_named(tmp_path):
    (tmp_path / DATABASE).write_bytes(b"no database" * 100)
    with pytest.raises(ArtifactError, match=r"events\.db is damaged"):
        connect(tmp_path)
    (tmp_path / DATABASE).unlink()
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ArtifactError, match="version 99"):
        connect(tmp_path)
