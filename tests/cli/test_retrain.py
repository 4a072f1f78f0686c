"""``recsys retrain``: when it trains, from which factors, and what its exit code says."""

import shutil

import pytest

from recsys_lib import pipeline, registry
from recsys_lib.cli import main, pipeline_steps
from recsys_lib.data.additions import Additions
from recsys_lib.errors import EXIT_OK, EXIT_REFUSED, LockedError
from recsys_lib.files import write_json
from recsys_lib.loop import Event, FeedbackLog
from recsys_lib.pipeline.retraining import only_retraining, reasons_to_train, start_of
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.updating import take_log
from tests.support.corner_shop import serve, store
from tests.support.records import write_run

RETRAIN = ("retrain", "--dataset", "shop")


@pytest.fixture
def shop(workspace):
    return serve(store(workspace))


@pytest.fixture
def runs(shop, monkeypatch):
    """What was asked of the pipeline, which ends as ``outcome`` says without any training."""

    class Runs(list):
        outcome, removed = "served", None

        def __call__(self, _, options):
            self.append(options)
            if self.outcome == "failed":
                return 1
            warnings = ["Not served: it is worse"] if self.outcome == "refused" else []
            record = shop.root / "outputs" / options.run_id / "run.json"
            write_json(record, {"warnings": warnings})
            serve_as(shop, options.run_id, served=self.outcome == "served")
            if self.removed:
                shutil.rmtree(shop.version(self.removed))
            return 0

    runs = Runs()
    monkeypatch.setattr(pipeline, "run_command", runs)
    monkeypatch.setattr("recsys_lib.cli._retrain._monitor_lines", lambda *_, **__: ["monitor: x"])
    return runs


def serve_as(shop, version, *, served):
    from tests.support.corner_shop import train

    train(shop, version)
    registry.publish(shop, version, serve=served)


def settings(*assignments):
    return read_settings(None, ["dataset=shop", *assignments])


def test_a_version_that_is_served(runs, capsys):
    assert main(RETRAIN) == EXIT_OK
    assert "to train: etl: no earlier result" in capsys.readouterr().out
    (options,) = runs
    assert options.assignments == ["dataset=shop"]


def test_a_first_search_that_the_run_removed_is_not_compared(runs, capsys):
    runs.removed = "v1"
    assert main(RETRAIN) == EXIT_OK
    assert "off-policy: version v1 has no evaluation" in capsys.readouterr().out


def test_limits_of_the_monitor_are_not_for_the_run(runs):
    main([*RETRAIN, "--set", "monitor.days=7", "--set", "als.iterations=3"])
    assert runs[0].assignments == ["als.iterations=3", "dataset=shop"]


def test_a_version_that_is_refused(runs, capsys):
    runs.outcome = "refused"
    assert main(RETRAIN) == EXIT_REFUSED
    assert "is kept, not served: it is worse" in capsys.readouterr().err


def test_a_run_that_fails(runs):
    runs.outcome = "failed"
    assert main(RETRAIN) == 1


def test_nothing_new_trains_nothing(runs, monkeypatch, capsys):
    monkeypatch.setattr("recsys_lib.pipeline.retraining.plan", lambda *_, **__: [])
    assert main(RETRAIN) == EXIT_OK
    assert "nothing to do" in capsys.readouterr().out
    assert runs == []
    assert main([*RETRAIN, "--force", "--quiet"]) == EXIT_OK
    assert runs[0].force and runs[0].quiet


def test_a_training_starts_from_the_champion_where_its_factors_fit(shop, runs):
    assert start_of(settings("als.factors=4")) == "v1"
    assert start_of(settings("als.factors=8")) == ""
    assert start_of(settings()) == ""  # auto: the training chooses how many
    assert start_of(settings("als.factors=4", "als.warm_start=v0")) == "v0"
    main([*RETRAIN, "--set", "als.factors=4"])
    assert runs[0].assignments[-1] == "als.warm_start=v1"


def test_events_of_the_log_are_taken_once(shop, runs, capsys):
    with FeedbackLog(shop.feedback) as log:
        log.add_events([Event("purchase", "i0", user_id="new"), Event("view", "i1", user_id="u1")])
    main(RETRAIN)
    assert "1 new interactions are in the feedback log" in capsys.readouterr().out
    assert len(Additions(shop.updates).parts) == 1
    assert take_log(shop) == 0


def test_two_at_once(shop, runs, capsys):
    with only_retraining(shop):
        with pytest.raises(LockedError, match="--wait"), only_retraining(shop):
            pass
        assert main(RETRAIN) == LockedError.exit_code
    assert "is being retrained" in capsys.readouterr().err
    assert runs == []


def test_steps_that_only_follow_are_no_reason(shop):
    (reason,) = reasons_to_train(pipeline_steps(), settings())
    assert reason.startswith("etl: ")


def test_another_champion_alone_is_nothing_new(shop, monkeypatch):
    """The start is planned as the newest training had it, not as the next one will."""
    write_run(shop.root, "v2", day=2, number=2, als={"factors": 4, "warm_start": "v1"})
    planned = []
    monkeypatch.setattr(
        "recsys_lib.pipeline.retraining.plan",
        lambda _, __, given: planned.append(given.sections["als"].warm_start) or [],
    )
    assert reasons_to_train(pipeline_steps(), settings("als.factors=4")) == []
    assert planned == ["v1"]


def test_watching_trains_nothing(runs, capsys):
    assert main([*RETRAIN, "--watch", "--force"]) == 2
    assert main([*RETRAIN, "--watch"]) == EXIT_OK
    assert "no other version was served before" in capsys.readouterr().out
    assert runs == []
