"""Which version was live when: no change is lost, made up or told wrongly, whatever breaks."""

import errno
import json
import os
import random
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from recsys_lib import registry
from recsys_lib.errors import StorageError
from recsys_lib.files import read_json, write_json
from recsys_lib.registry import history as module
from recsys_lib.registry.changes import HIDDEN
from recsys_lib.registry.history import FOUND, change_champion, read_history
from tests.support.versions import write_part


@pytest.fixture
def changed(shop):
    """A shop that served a, b and c in turn, and its history file."""
    for version in "abc":
        serve(shop, version)
    return shop, shop.models / "history.jsonl"


def serve(shop, version):
    return change_champion(shop, version, reason=f"{version} is better", by="run")


def steps(shop):
    return [(change.previous, change.version) for change in read_history(shop).changes]


ABC = [(None, "a"), ("a", "b"), ("b", "c")]


def test_each_change_has_a_line(changed):
    shop, path = changed
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [list(line) for line in lines] == [["time", "from", "to", "reason", "by"]] * 3
    assert [(line["from"], line["to"]) for line in lines] == ABC
    assert {line["by"] for line in lines} == {"run"}
    times = [datetime.fromisoformat(line["time"]) for line in lines]
    assert times == sorted(times)
    assert all(at.utcoffset() is not None and not at.utcoffset() for at in times)
    assert read_json(shop.models / "champion.json")["since"] == lines[-1]["time"]


def test_a_version_has_the_times_when_it_was_live(changed):
    shop, _ = changed
    serve(shop, "a")
    history = read_history(shop)
    times = [change.time for change in history.changes]
    assert [(live.change.time, live.until) for live in history.live("a")] == [
        (times[0], times[1]),
        (times[3], None),
    ]
    assert history.live("a")[0].as_dict() == {
        "since": times[0],
        "until": times[1],
        "reason": "a is better",
        "by": "run",
    }
    assert history.live("never") == []


def test_serving_what_is_served_is_no_change(changed):
    shop, path = changed
    before, since = path.read_bytes(), read_json(shop.models / "champion.json")["since"]
    change_champion(shop, "c", reason="pin it", by="anna@desk", by_hand=True, pinned=True)
    assert path.read_bytes() == before
    assert registry.choice(shop) == (True, True)
    stored = read_json(shop.models / "champion.json")
    assert (stored["since"], stored["reason"]) == (since, "c is better")


def test_promotions_say_why_and_by_whom(shop, monkeypatch):
    for number in (1, 2, 3):
        write_part(shop, f"v{number}", "als", number)
        registry.publish(shop, f"v{number}")
    registry.promote(shop, "v1", reason="fewer complaints")
    monkeypatch.setenv("RECSYS_BY", "airflow")
    registry.promote(shop, "v2")
    registry.promote(shop, "v3", by="retrain", by_hand=False)
    told = [(change.reason, change.by) for change in read_history(shop).changes]
    assert told[0] == ("the first version that is served", "run")
    assert told[1] == ("not compared with v1: not both were evaluated", "run")
    assert told[3][0] == "fewer complaints"
    assert "@" in told[3][1]
    assert [by for _, by in told[4:]] == ["airflow", "retrain"]


class TestWorkspacesWithoutIt:
    @pytest.fixture
    def old(self, shop):
        stored = {"version": "a", "since": "2026-01-02T03:15:00+00:00", "by_hand": True}
        write_json(shop.models / "champion.json", stored)
        return shop

    def test_are_read(self, old):
        history = read_history(old)
        (change,) = history.changes
        assert (change.time, change.version) == ("2026-01-02T03:15:00+00:00", "a")
        assert history.problems == ()
        assert not (old.models / "history.jsonl").exists()

    def test_get_one_with_the_first_change(self, old):
        serve(old, "b")
        assert steps(old) == [(None, "a"), ("a", "b")]
        assert len((old.models / "history.jsonl").read_text().splitlines()) == 2
        assert read_history(old).before == ["a"]

    def test_an_older_one_has_no_time(self, shop):
        write_json(shop.models / "champion.json", {"version": "a"})
        os.utime(shop.models / "champion.json", (1e9, 1e9))
        assert read_history(shop).changes[0].time == datetime.fromtimestamp(1e9, UTC).isoformat(
            timespec="microseconds"
        )
        serve(shop, "b")
        assert steps(shop) == [(None, "a"), ("a", "b")]

    def test_nothing_was_ever_served(self, shop):
        assert read_history(shop) == module.History()
        assert (read_history(shop).live("a"), read_history(shop).before) == ([], [])


class TestCrashes:
    @pytest.mark.parametrize("written", [*range(0, 120, 11), 10_000])
    def test_a_line_that_was_not_written_whole_is_told_and_mended(
        self, changed, monkeypatch, written
    ):
        shop, path = changed
        real, whole = module.append, []

        def torn(path, change):
            before = path.read_bytes()
            real(path, change)
            whole.append(path.read_bytes())
            path.write_bytes(whole[0][: len(before) + written])
            raise SystemExit

        with monkeypatch.context() as patch:
            patch.setattr(module, "append", torn)
            with pytest.raises(SystemExit):
                serve(shop, "d")
        assert registry.champion(shop).name == "d"
        assert steps(shop) == [*ABC, ("c", "d")]
        complete = path.read_bytes() == whole[0]
        said = [] if complete else [f"{path} lacks the change to d, which the next change adds"]
        assert list(read_history(shop).problems) == said

        serve(shop, "e")
        assert path.read_bytes().startswith(whole[0])
        assert steps(shop) == [*ABC, ("c", "d"), ("d", "e")]
        assert read_history(shop).problems == ()

    def test_before_the_champion_changed_nothing_did(self, changed, monkeypatch):
        shop, path = changed
        before = path.read_bytes()

        def killed(*_):
            raise SystemExit

        monkeypatch.setattr(module, "write_json", killed)
        with pytest.raises(SystemExit):
            serve(shop, "d")
        assert path.read_bytes() == before
        assert steps(shop) == ABC

    def test_a_full_disk_says_what_is_served(self, changed, monkeypatch):
        shop, path = changed
        real, full = os.fsync, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def fsync(descriptor):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                raise full
            real(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr("recsys_lib.registry.history_file.os.fsync", fsync)
            with pytest.raises(StorageError, match=r"version d is served now, but .*free space"):
                serve(shop, "d")
        assert registry.champion(shop).name == "d"
        assert steps(shop) == [*ABC, ("c", "d")]

    @pytest.mark.slow
    def test_processes_that_are_killed_at_any_moment_lose_nothing(self, changed):
        shop, path = changed
        code = (
            "import itertools; from recsys_lib.paths import Dataset\n"
            "from recsys_lib.registry.history import change_champion\n"
            "shop = Dataset.find('shop'); print('ready', flush=True)\n"
            "for n in itertools.count():\n"
            "    change_champion(shop, 'xy'[n % 2] + str(n), reason='r' * 3000, by='run')\n"
        )
        generator, known = random.Random(0), path.read_bytes()
        for _ in range(25):
            process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
            process.stdout.readline()
            time.sleep(generator.uniform(0, 0.15))
            process.kill()
            process.wait()
            process.stdout.close()
            history = read_history(shop)
            assert history.last.version == registry.champion(shop).name
            names = [change.version for change in history.changes]
            assert [change.previous for change in history.changes] == [None, *names[:-1]]
            assert all("is damaged" not in problem for problem in history.problems)
            assert path.read_bytes().startswith(known)
            known = path.read_bytes()
        assert len(history.changes) > 25


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"7",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"time": "2026-01-01", "from": "a", "to": "b"}',
    b'{"time": "once", "from": "a", "to": "b", "reason": "", "by": ""}',
    b'{"time": "2026-01-01", "from": "a", "to": "../b", "reason": "", "by": ""}',
    b'{"time": "2026-01-01", "from": "a", "to": null, "reason": "", "by": ""}',
    b'{"time": "2026-01-01", "from": "a", "to": "b", "reason": 3, "by": ""}',
    b'{"time": "2026-01-01", "from": "a", "to": "b", "reason": "", "by": "", "rollback": -1}',
]


@pytest.mark.parametrize("line", DAMAGED, ids=[line[:90].decode("latin-1") for line in DAMAGED])
def test_a_damaged_line_is_named_and_hides_nothing_else(changed, line):
    shop, path = changed
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], line, lines[2], b""]))
    history = read_history(shop)
    assert steps(shop) == [ABC[0], ABC[2]]
    (problem,) = history.problems
    assert problem.startswith(f"{path}, line 2 is damaged (")
    assert [live.until for live in history.live("a")] == [HIDDEN]
    assert history.before == ["b", "a"]
    serve(shop, "d")
    assert steps(shop) == [ABC[0], ABC[2], ("c", "d")]


@pytest.mark.parametrize("line", [b"{", b"", b"?" * 100])
def test_a_damaged_last_line_is_named_and_written_again(changed, line):
    shop, path = changed
    path.write_bytes(b"".join([*path.read_bytes().splitlines(keepends=True)[:2], line, b"\n"]))
    assert steps(shop) == ABC
    damaged, lacking = read_history(shop).problems
    assert damaged.startswith(f"{path}, line 3 is damaged")
    assert lacking == f"{path} lacks the change to c, which the next change adds"
    serve(shop, "d")
    assert steps(shop) == [*ABC, ("c", "d")]
    assert [problem.split(" is ")[0] for problem in read_history(shop).problems] == [
        f"{path}, line 3"
    ]


@pytest.mark.parametrize("since", ["kept", "2026-01-02T03:15:00+00:00", 5])
def test_a_champion_that_an_editor_chose_is_a_change_of_its_own(changed, since):
    shop, _ = changed
    pointer = shop.models / "champion.json"
    stored = read_json(pointer)
    write_json(pointer, stored | {"version": "a"} | ({} if since == "kept" else {"since": since}))
    found = read_history(shop).last
    assert (found.previous, found.version, found.reason) == ("c", "a", FOUND)
    assert found.time > read_history(shop).changes[-2].time
    serve(shop, "d")
    assert steps(shop) == [*ABC, ("c", "a"), ("a", "d")]
    assert read_history(shop).problems == ()


def test_a_line_that_an_editor_left_without_an_end_stays(changed):
    shop, path = changed
    path.write_bytes(path.read_bytes().rstrip())
    serve(shop, "d")
    assert steps(shop) == [*ABC, ("c", "d")]
    assert read_history(shop).problems == ()


def test_changes_at_the_same_time_come_one_after_the_other(shop):
    def work(name):
        for number in range(10):
            serve(shop, f"{name}{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    seen = []
    while any(thread.is_alive() for thread in threads):
        seen.append(read_history(shop))
    for thread in threads:
        thread.join()
    names = [version for _, version in steps(shop)]
    assert steps(shop) == list(zip([None, *names[:-1]], names, strict=True))
    assert len(set(names)) == 40
    assert all(one.changes == read_history(shop).changes[: len(one.changes)] for one in seen)
