"""Exported lists in a database: all at once, or nothing."""

import tempfile
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from recsys_lib.cli import main
from recsys_lib.data.queries.address import Address
from recsys_lib.errors import ParameterError, StorageError
from recsys_lib.serving.export import FOR_USERS, REMOVED_USERS, database
from recsys_lib.serving.export.database import write_to_database
from tests.support.postgres import programs, running_postgres


def lists(folder, users, item="tea"):
    """A file of lists of two items each."""
    folder.mkdir(exist_ok=True)
    frame = pl.DataFrame(
        {
            "user_id": [user for user in users for _ in range(2)],
            "rank": pl.Series([1, 2] * len(users), dtype=pl.Int32),
            "item_id": [f"{item}{rank}" for _ in users for rank in (1, 2)],
            "score": pl.Series([0.5, 0.25] * len(users), dtype=pl.Float32),
        }
    )
    frame.write_parquet(folder / FOR_USERS)
    return folder / FOR_USERS


def rows(url, table="recommendations"):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"select * from {table} order by user_id, rank"))
        there = [tuple(row) for row in found]
    names = sa.inspect(engine).get_table_names()
    engine.dispose()
    return there, names


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'shop.db'}"


def test_lists_become_a_table_with_an_index(url, tmp_path):
    path = lists(tmp_path / "out", ["ann", "bob"])
    assert write_to_database([path], Address(url)) == {"recommendations": 4}
    there, names = rows(url)
    assert there == [
        ("ann", 1, "tea1", 0.5),
        ("ann", 2, "tea2", 0.25),
        ("bob", 1, "tea1", 0.5),
        ("bob", 2, "tea2", 0.25),
    ]
    assert names == ["recommendations"]
    (index,) = sa.inspect(sa.create_engine(url)).get_indexes("recommendations")
    assert index["column_names"] == ["user_id"]


def test_a_new_export_replaces_the_rows_and_keeps_the_table(url, tmp_path):
    write_to_database([lists(tmp_path / "out", ["ann", "bob"])], Address(url))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("create view first as select * from recommendations"))
    write_to_database([lists(tmp_path / "out", ["cy"], item="mug")], Address(url))
    assert rows(url, "first")[0] == [("cy", 1, "mug1", 0.5), ("cy", 2, "mug2", 0.25)]


def test_only_changed_users_are_replaced_and_those_who_are_gone_removed(url, tmp_path):
    write_to_database([lists(tmp_path / "out", ["ann", "bob", "cy"])], Address(url))
    new = lists(tmp_path / "since", ["bob", "dee"], item="mug")
    gone = tmp_path / "since" / REMOVED_USERS
    pl.DataFrame({"user_id": ["cy"]}).write_parquet(gone)
    written = write_to_database([new, gone], Address(url), only_changed=True)
    assert written == {"recommendations": 4}
    there, names = rows(url)
    assert [(user, item) for user, _, item, _ in there] == [
        *(("ann", "tea1"), ("ann", "tea2"), ("bob", "mug1"), ("bob", "mug2")),
        *(("dee", "mug1"), ("dee", "mug2")),
    ]
    assert names == ["recommendations"]


def test_a_failure_half_through_shows_nothing(url, tmp_path, monkeypatch):
    write_to_database([lists(tmp_path / "out", ["ann"])], Address(url))
    before, _ = rows(url)
    monkeypatch.setattr(database, "_ROWS", 1)
    new = lists(tmp_path / "out", ["bob", "cy"])
    engine = sa.create_engine(url)
    with engine.begin() as connection:  # the last step of the export fails
        connection.execute(
            sa.text(
                "create trigger full before insert on recommendations "
                "begin select raise(abort, 'no room'); end"
            )
        )
    with pytest.raises(StorageError, match=r"no room.*nothing of this export can be seen"):
        write_to_database([new], Address(url))
    assert rows(url)[0] == before
    with engine.begin() as connection:
        connection.execute(sa.text("drop trigger full"))
    write_to_database([new], Address(url))
    assert rows(url)[1] == ["recommendations"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://shop:1234@host/shop", "holds a password"),
        ("postgresql://shop:${NO_SUCH_NAME}@host/shop", "NO_SUCH_NAME is not set"),
        ("no address", "is no address"),
        ("mysql+nodriver://host/shop", "is no address"),
    ],
)
def test_what_is_no_address(address, said, tmp_path):
    with pytest.raises(ParameterError, match=said):
        write_to_database([lists(tmp_path / "out", ["ann"])], Address(address))


def test_an_error_names_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "very secret")
    address = Address("sqlite:////nowhere/${SHOP_PASSWORD}.db")
    with pytest.raises(StorageError) as caught:
        write_to_database([lists(tmp_path / "out", ["ann"])], address)
    assert "very secret" not in str(caught.value)


def test_the_command_writes_both_tables(shop, url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECSYS_HOME", str(shop.root))
    out = ["--out", str(tmp_path / "out"), "--dataset", shop.name, "--version", "v1"]
    assert main(["export", *out, "--n", "3", "--database", url]) == 0
    assert "rows in table recommendations" in capsys.readouterr().out
    assert rows(url)[1] == ["recommendations", "similar_items"]
    assert len(rows(url)[0]) == len(pl.read_parquet(tmp_path / "out" / FOR_USERS))


@pytest.mark.slow
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_a_server_that_is_killed_keeps_what_it_had(monkeypatch):
    # A socket's path must be short, and the server's user must reach it.
    with (
        tempfile.TemporaryDirectory() as place,
        running_postgres(open_to_all(place) / "pg") as server,
    ):
        folder = Path(place)
        write_to_database([lists(folder / "out", ["ann", "bob"])], Address(server.url))
        before, names = rows(server.url)
        assert (len(before), names) == (4, ["recommendations"])
        send = database._Table.send

        def and_the_server_dies(self, engine):
            send(self, engine)
            server.kill()

        monkeypatch.setattr(database._Table, "send", and_the_server_dies)
        new = lists(folder / "out", ["cy"])
        with pytest.raises(StorageError, match="what it had before is still there"):
            write_to_database([new], Address(server.url))
        monkeypatch.undo()
        server.start()
        assert rows(server.url)[0] == before
        write_to_database([new], Address(server.url))
        assert [user for user, *_ in rows(server.url)[0]] == ["cy", "cy"]
        assert rows(server.url)[1] == ["recommendations"]


def open_to_all(place):
    folder = Path(place)
    folder.chmod(0o755)
    return folder
