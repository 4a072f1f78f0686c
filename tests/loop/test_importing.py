"""Events of other systems: taken once, checked like those of the service, rejected with reasons."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import polars as pl
import pytest

from recsys_lib.cli import main
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.loop import read_events, rotate
from recsys_lib.loop.event_form import EventForm
from recsys_lib.loop.importing import import_events
from recsys_lib.paths import Dataset

GOOD = {"time": "2026-03-01T10:00:00+01:00", "type": "click", "item_id": "a", "user_id": "ann"}


@pytest.fixture
def shop(workspace):
    return Dataset.find("shop", workspace)


def write(path, *rows):
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    writers = {".csv": frame.write_csv, ".parquet": frame.write_parquet}
    writers.get(path.suffix, frame.write_ndjson)(path)
    return path


def ask(folder, select, *rows):
    """A query on a database of SQLite that has these rows as its table ``clicks``."""
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        connection.execute("CREATE TABLE clicks (at, kind, sku, visitor)")
        connection.executemany("INSERT INTO clicks VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    path = folder / "clicks.sql"
    path.write_text(f"-- database: sqlite:///shop.db\n{select}")
    return path


def reasons(found):
    return [(bad.line, bad.reason.partition(":")[0]) for bad in found.rejected]


@pytest.mark.parametrize("name", ["events.csv", "events.parquet", "events.jsonl"])
def test_each_format_gives_the_same_events_once(shop, tmp_path, name):
    path = write(tmp_path / name, GOOD, GOOD | {"item_id": "b"})
    found = import_events(shop, path)
    assert (found.added, found.repeated, found.rejected) == (2, 0, [])
    events = read_events(shop.feedback)
    assert set(events["item_id"]) == {"a", "b"}
    assert str(events["time"][0]) == "2026-03-01 09:00:00+00:00"
    again = import_events(shop, path)
    assert (again.added, again.repeated) == (0, 2)


def test_what_was_moved_to_files_is_known(shop, tmp_path):
    path = write(tmp_path / "events.csv", GOOD)
    import_events(shop, path)
    assert rotate(shop.feedback)
    assert import_events(shop, path).repeated == 1
    assert len(read_events(shop.feedback)) == 1


def test_an_event_id_of_the_other_system_counts(shop, tmp_path):
    rows = [GOOD | {"event_id": "1"}, GOOD | {"event_id": "2"}, GOOD | {"event_id": "1"}]
    found = import_events(shop, write(tmp_path / "events.csv", *rows))
    assert (found.added, found.repeated) == (2, 1)


def test_lines_that_are_no_event_are_rejected_with_their_reasons(shop, tmp_path):
    rows = [
        GOOD,
        GOOD | {"type": "like"},
        GOOD | {"item_id": ""},
        GOOD | {"user_id": ""},
        GOOD | {"time": "2026-03-01T10:00:00"},
        GOOD | {"time": "1772355600"},
        GOOD | {"time": "yesterday"},
        GOOD | {"time": ""},
    ]
    found = import_events(shop, write(tmp_path / "events.csv", *rows))
    assert found.added == 1
    assert reasons(found) == [
        (3, "event type 'like'"),
        (4, "an event needs an item_id"),
        (5, "an event needs a list_id, a user_id or a session_id"),
        (6, "time has no zone"),
        (7, "time is a number"),
        (8, "time is not ISO 8601, such as 2026-03-01T09"),
        (9, "time is missing"),
    ]


def test_an_id_with_a_nul_character_is_no_event(shop, tmp_path):
    found = import_events(shop, write(tmp_path / "e.parquet", GOOD | {"user_id": "a\0b"}))
    assert reasons(found) == [(1, "user_id has a NUL character")]


@pytest.mark.parametrize(
    ("time", "form"),
    [
        (1772355600, EventForm(unit="s")),
        (1772355600000, EventForm(unit="ms")),
        ("2026-03-01T10:00:00", EventForm(zone="Europe/Berlin")),
        ("2026-03-01 09:00:00Z", EventForm()),
    ],
)
def test_times(shop, tmp_path, time, form):
    import_events(shop, write(tmp_path / "events.parquet", GOOD | {"time": time}), form)
    assert str(read_events(shop.feedback)["time"][0]) == "2026-03-01 09:00:00+00:00"


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        (datetime(2026, 3, 1, 9, tzinfo=UTC), ""),
        (datetime(2026, 3, 1, 10), "Europe/Berlin"),
    ],
)
def test_a_parquet_file_says_whether_its_times_have_a_zone(shop, tmp_path, time, zone):
    path = write(tmp_path / "events.parquet", GOOD | {"time": time})
    import_events(shop, path, EventForm(zone=zone))
    assert str(read_events(shop.feedback)["time"][0]) == "2026-03-01 09:00:00+00:00"


def test_times_of_a_parquet_file_without_a_zone_are_not_guessed(shop, tmp_path):
    path = write(tmp_path / "events.parquet", GOOD | {"time": datetime(2026, 3, 1, 10)})
    assert reasons(import_events(shop, path)) == [(1, "time has no zone")]


SELECT = "SELECT at AS time, kind AS type, sku AS item_id, visitor AS user_id FROM clicks"


def test_the_result_of_a_query_is_imported_once(shop, tmp_path):
    rows = [(GOOD["time"], "click", "a", 17), (GOOD["time"], "like", "b", 17)]
    path = ask(tmp_path, SELECT, *rows, (GOOD["time"], "cart", "b", 17))
    found = import_events(shop, path)
    assert found.added == 2
    assert reasons(found) == [(2, "event type 'like'")]
    assert found.rejected[0].file == str(path)
    events = read_events(shop.feedback)
    assert set(events["user_id"]) == {"17"}
    assert import_events(shop, path).repeated == 2
    assert not list(shop.root.rglob("part-*.parquet"))  # nothing to forget anybody in


def test_a_query_may_return_columns_of_other_names_and_no_rows(shop, tmp_path):
    columns = {"time": "at", "type": "kind", "item_id": "sku", "user_id": "visitor"}
    found = import_events(shop, ask(tmp_path, "SELECT * FROM clicks"), EventForm(columns))
    assert (found.added, found.rejected) == (0, [])


@pytest.mark.parametrize(
    ("select", "said"),
    [
        (SELECT.replace("sku AS ", "sku AS my_"), "no column is item_id: .*my_item_id"),
        ("SELECT * FROM no_such_table", "does not answer .*no_such_table"),
        ("DELETE FROM clicks", "returns no rows"),
        (SELECT.replace("visitor AS user_id", "1 AS type"), "'type': two columns"),
    ],
)
def test_a_query_without_events_is_refused_by_its_name(shop, tmp_path, select, said):
    with pytest.raises(InputDataError, match=f"clicks.sql.*{said}"):
        import_events(shop, ask(tmp_path, select))


def test_a_query_without_its_file_or_secret_is_refused(shop, tmp_path):
    path = tmp_path / "none.sql"
    with pytest.raises(InputDataError, match="no such file"):
        import_events(shop, path)
    path.write_text(f"-- database: ${{NO_SUCH_URL}}\n{SELECT}")
    with pytest.raises(InputDataError, match="NO_SUCH_URL is not set"):
        import_events(shop, path)


def test_columns_have_other_names(shop, tmp_path):
    row = {"when": GOOD["time"], "sku": "a", "visitor": "s1"}
    columns = {"time": "when", "item_id": "sku", "session_id": "visitor"}
    import_events(shop, write(tmp_path / "e.csv", row), EventForm(columns, type="purchase"))
    found = read_events(shop.feedback).row(0, named=True)
    assert (found["type"], found["item_id"], found["session_id"]) == ("purchase", "a", "s1")


def test_who_is_forgotten_stays_so(shop, tmp_path):
    Forgotten().with_users(["ann"]).save(shop.updates)
    found = import_events(shop, write(tmp_path / "e.csv", GOOD, GOOD | {"user_id": "bob"}))
    assert (found.added, found.forgotten) == (1, 1)


@pytest.mark.parametrize("lacking", ["time", "type", "item_id", "user_id"])
def test_a_file_without_a_column_is_refused(shop, tmp_path, lacking):
    row = {name: value for name, value in GOOD.items() if name != lacking}
    with pytest.raises(InputDataError, match=lacking):
        import_events(shop, write(tmp_path / "e.csv", row))


@pytest.mark.parametrize("form", [{"columns": {"kind": "x"}}, {"unit": "h"}, {"zone": "Mars/Base"}])
def test_what_no_event_has_is_refused(form):
    with pytest.raises(ParameterError):
        EventForm(**form)


def test_the_command_says_what_it_did(shop, tmp_path, capsys):
    shop.raw.mkdir(parents=True)
    path = write(tmp_path / "e.csv", GOOD, GOOD | {"type": "like"})
    assert main(["feedback", "import", str(path), "--dataset", "shop"]) == 0
    said = capsys.readouterr()
    assert "1 events are new" in said.out
    assert "1 rejected: event type 'like'" in said.err
    bad = write(tmp_path / "bad.csv", GOOD | {"type": "like"})
    assert main(["feedback", "import", str(bad), "--dataset", "shop"]) == 3


def test_the_command_names_a_row_of_a_query(shop, tmp_path, capsys):
    shop.raw.mkdir(parents=True)
    path = ask(tmp_path, SELECT, (GOOD["time"], "click", "a", "x"), ("soon", "click", "a", "x"))
    assert main(["feedback", "import", str(path), "--dataset", "shop"]) == 0
    said = capsys.readouterr()
    assert "1 events are new" in said.out
    assert f"(first: {path}, row 2)" in said.err
