"""A run whose record is damaged is left out with a sentence; everything else works."""

import os

import pytest

from recsys_lib.cli import main as recsys
from recsys_lib.errors import ArtifactError
from recsys_lib.pipeline.runs import damaged_records, records_of
from recsys_lib.pipeline.runs.stored import next_number, previous_run, unfinished_run
from tests.support.records import write_run

DAMAGES = {
    "empty": b"",
    "cut": b'{"run_id": "bad", "dataset": "shop", "steps": [',
    "no JSON": b"\x00\xff\x00",
    "a list": b"[]",
    "null": b"null",
    "no steps": b'{"run_id": "bad", "dataset": "shop", "steps": null, "started_at": "x"}',
    "deep": b"[" * 100_000,
}


@pytest.fixture(params=DAMAGES.values(), ids=DAMAGES)
def workspace_with_damage(request, tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    for number, name in enumerate(("first", "bad", "last"), start=1):
        write_run(tmp_path, name, day=number, number=number)
    (tmp_path / "outputs" / "bad" / "run.json").write_bytes(request.param)
    return tmp_path


def test_the_others_are_found(workspace_with_damage):
    outputs = workspace_with_damage / "outputs"
    assert [record["run_id"] for record in records_of(outputs)] == ["last", "first"]
    assert previous_run(outputs, "shop", "2026", number=3)["run_id"] == "first"
    assert next_number(outputs) == 4
    (said,) = damaged_records(outputs)
    path = outputs / "bad" / "run.json"
    assert said.startswith(f"run bad is left out, since its record {path} is ")
    assert said.endswith(": remove its folder")


def test_resuming_it_says_so(workspace_with_damage):
    with pytest.raises(ArtifactError, match="run bad is left out"):
        unfinished_run(workspace_with_damage / "outputs", "bad")


@pytest.mark.parametrize(
    "command", [["runs"], ["compare", "first", "last"], ["clean", "--keep", "1", "--dry-run"]]
)
def test_commands_say_it_once_and_work(workspace_with_damage, command, capsys):
    assert recsys(command) == 0
    told = capsys.readouterr()
    assert told.err.count("run bad is left out") == 1 and "Traceback" not in told.err
    assert "first" in told.out


def test_a_mended_record_is_read_again(workspace_with_damage):
    outputs = workspace_with_damage / "outputs"
    assert len(records_of(outputs)) == 2
    write_run(workspace_with_damage, "bad", number=2)
    assert len(records_of(outputs)) == 3
    assert damaged_records(outputs) == []


def test_an_unreadable_sweep_is_kept(workspace_with_damage):
    sweep = workspace_with_damage / "outputs" / "sweep-1"
    sweep.mkdir()
    (sweep / "sweep.json").write_bytes(b"")
    assert recsys(["clean", "--keep", "1"]) == 0
    assert sweep.is_dir()


def test_a_thousand_runs_are_ordered_without_reading_them(tmp_path, monkeypatch):
    write_run(tmp_path, "run", number=1)
    content = (tmp_path / "outputs" / "run" / "run.json").read_text()
    for number in range(2, 301):
        folder = tmp_path / "outputs" / f"run-{number}"
        folder.mkdir()
        (folder / "run.json").write_text(content.replace('"number": 1', f'"number": {number}'))
    read = []
    monkeypatch.setattr("recsys_lib.pipeline.runs.stored.read_json", read.append)
    assert next_number(tmp_path / "outputs") == 301
    # A record that was written anew is looked at again.
    path = tmp_path / "outputs" / "run-300" / "run.json"
    path.write_text(content.replace('"number": 1', '"number": 900'))
    os.utime(path, ns=(1, 1))
    assert next_number(tmp_path / "outputs") == 901
    assert not read
