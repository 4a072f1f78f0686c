"""Files appear whole, and are on the disk before their names are."""

import errno
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from recsys_lib import files
from recsys_lib.errors import StorageError
from recsys_lib.files import (
    create_json,
    read_json,
    replacing,
    replacing_folder,
    write_json,
    writing,
)


@pytest.fixture
def calls(monkeypatch):
    """What is synced, renamed and linked, in order: ``(what, name of the path)``."""
    made: list[tuple[str, str]] = []
    opened: dict[int, str] = {}
    real = {name: getattr(os, name) for name in ("open", "fsync", "replace", "rename", "link")}

    def fake_open(path, *rest, **options):
        descriptor = real["open"](path, *rest, **options)
        opened[descriptor] = Path(path).name
        return descriptor

    def recorded(what):
        def call(source, *rest):
            names = [Path(path).name for path in (source, *rest)]
            made.append((what, names[-1]))
            return real[what](source, *rest)

        return call

    def fake_fsync(descriptor):
        made.append(("fsync", opened[descriptor]))
        real["fsync"](descriptor)

    monkeypatch.setattr(files.os, "open", fake_open)
    monkeypatch.setattr(files.os, "fsync", fake_fsync)
    for what in ("replace", "rename", "link"):
        monkeypatch.setattr(files.os, what, recorded(what))
    return made


def kinds(calls):
    """The calls without the random part of temporary names."""
    return [(what, "temporary" if name.endswith(".tmp") else name) for what, name in calls]


def test_content_is_synced_before_the_rename_and_the_folder_after_it(tmp_path, calls):
    with replacing(tmp_path / "file") as temporary:
        temporary.write_text("x")
    expected = [("fsync", "temporary"), ("replace", "file"), ("fsync", tmp_path.name)]
    assert kinds(calls) == expected
    calls.clear()
    write_json(tmp_path / "file", {"a": 1})
    assert kinds(calls) == expected


def test_a_folder_is_synced_with_all_that_is_in_it(tmp_path, calls):
    with replacing_folder(tmp_path / "part") as temporary:
        (temporary / "inner").mkdir()
        (temporary / "inner" / "deep").write_text("x")
        (temporary / "flat").write_text("x")
    assert kinds(calls) == [
        ("fsync", "deep"),
        ("fsync", "inner"),
        ("fsync", "flat"),
        ("fsync", "temporary"),
        ("rename", "part"),
        ("fsync", tmp_path.name),
    ]


def test_a_file_that_is_created_once_is_synced_too(tmp_path, calls):
    assert create_json(tmp_path / "claim", {"a": 1})
    expected = [("fsync", "temporary"), ("link", "claim"), ("fsync", tmp_path.name)]
    assert kinds(calls) == expected


@pytest.mark.parametrize("links", [True, False])
def test_of_many_only_one_creates_a_file(tmp_path, monkeypatch, links):
    def refuse(*_):
        raise PermissionError("no hard links here")

    if not links:
        monkeypatch.setattr(files.os, "link", refuse)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: create_json(tmp_path / "claim", n), range(40)))
    assert won.count(True) == 1
    assert read_json(tmp_path / "claim") == won.index(True)
    assert [path.name for path in tmp_path.iterdir()] == ["claim"]


def test_after_an_error_the_old_file_is_untouched(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "No space left on device.*free space"),
        (OSError("1000 requested and 12 written"), "No space left on device.*free space"),
        (RuntimeError("faiss: No space left on device"), "No space left on device.*free space"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "Read-only.*set RECSYS_HOME"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), "denied.*set RECSYS_HOME"),
    ],
)
@pytest.mark.parametrize("replace", [replacing, replacing_folder])
def test_a_disk_that_is_full_or_forbids_writing_is_named(tmp_path, replace, error, says):
    path = tmp_path / "model"
    named = pytest.raises(StorageError, match=rf"model could not be written \(.*{says}")
    with named, replace(path):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        (tmp_path / "missing").read_text()
    with pytest.raises(ValueError, match="bad"), replacing(tmp_path / "a"):
        raise ValueError("bad")


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"a could not be written .*a file stands where"):
        write_json(tmp_path / "file" / "a", {})


@pytest.mark.parametrize(
    ("limit", "remedy"),
    [("query_only = 1", "make the folder writable"), ("max_page_count = 2", "free space")],
)
def test_a_database_that_cannot_be_written_says_what_to_do(tmp_path, limit, remedy):
    path = tmp_path / "events.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x BLOB)")
        connection.execute(f"PRAGMA {limit}")
        problem = f"events.db could not be written.*{remedy}"
        with pytest.raises(StorageError, match=problem), writing(path):
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
