"""An experiment goes on over restarts, and starts anew with another challenger or share."""

import json

import pytest

from recsys_lib.errors import ArtifactError
from recsys_lib.loop import FeedbackLog, ServedList, Shown, read_shown
from recsys_lib.loop.experiment import EXPERIMENT, running_experiment, start_experiment


def test_a_restart_goes_on_and_another_challenger_or_share_starts_anew(tmp_path):
    assert running_experiment(tmp_path) is None
    first = start_experiment(tmp_path, "v2", 0.1)
    assert start_experiment(tmp_path, "v2", 0.1) == first == running_experiment(tmp_path)
    second = start_experiment(tmp_path, "v2", 0.2)
    assert second.since > first.since
    assert start_experiment(tmp_path, "v3", 0.2).since > second.since


def test_only_lists_of_this_experiment_count(tmp_path):
    def log(arm, version):
        with FeedbackLog(tmp_path) as feedback:
            feedback.add_list(ServedList(version, (Shown("a", 1, 1.0),), user_id="u", arm=arm))

    log("champion", "v0")
    running = start_experiment(tmp_path, "v2", 0.1)
    log("champion", "v1")
    log("challenger", "v2")
    log("challenger", "v9")
    assert sorted(running.lists(read_shown(tmp_path))["version"]) == ["v1", "v2"]


def test_interleaved_lists_are_an_experiment_of_their_own(tmp_path):
    first = start_experiment(tmp_path, "v2", 1.0)
    running = start_experiment(tmp_path, "v2", 1.0, interleaved=True)
    assert running.since > first.since
    assert running_experiment(tmp_path) == running
    with FeedbackLog(tmp_path) as feedback:
        for arm, version in (
            ("interleaved", "v1+v2"),
            ("interleaved", "v1+v9"),
            ("challenger", "v2"),
        ):
            feedback.add_list(ServedList(version, (Shown("a", 1, 1.0),), user_id="u", arm=arm))
    assert running.lists(read_shown(tmp_path))["version"].to_list() == ["v1+v2"]


def test_an_older_file_knows_no_interleaved_lists(tmp_path):
    stored = {"challenger": "v2", "share": 0.1, "since": "2026-03-01T00:00:00.000000Z"}
    (tmp_path / EXPERIMENT).write_text(json.dumps(stored))
    assert not running_experiment(tmp_path).interleaved


@pytest.mark.parametrize("text", ["{", "[]", '{"challenger": "v", "share": "x", "since": "y"}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / EXPERIMENT).write_text(text)
    with pytest.raises(ArtifactError, match=r"experiment\.json is damaged"):
        running_experiment(tmp_path)
