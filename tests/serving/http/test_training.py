"""What POST /training asks of the pipeline, and what it answers."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from recsys_lib.files import write_json
from recsys_lib.parameters import SECTIONS
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.registry import require_champion
from recsys_lib.serving.http import service as service_module
from recsys_lib.serving.http.parameters import served_parameters
from tests.support.http_server import wait_until
from tests.support.http_world import Fake


def ask(client, **body):
    return client.post("/training", json={"model_type": "mf", **body}).json()


def defaults(section, **changed):
    return SECTIONS[section]().model_dump(mode="json") | changed


def test_force_retrain_reuses_nothing(world, trained):
    assert ask(trained, force_retrain=True)["status"] == "started"
    assert "--force" in world.commands[-1]


def test_a_first_training_may_reuse_what_there_is(world, client):
    assert ask(client)["status"] == "started"
    assert "--force" not in world.commands[-1]
    assert "--config" not in world.commands[-1]


def test_the_parameters_of_the_served_version_are_used_and_named(world, client):
    """Those of its run, and those of a part that comes from an older version."""
    parts = {
        "als": defaults("als", factors=16, from_another_release=1),
        "search": {**defaults("embed", max_tokens=32), "model_sha256": "abc"},
    }
    world.publish("one", parameters=parts)
    record = {
        "parameters": {
            "dataset": "shop",
            "als": defaults("als"),
            "evaluate": defaults("evaluate", seed=7),
        },
        "steps": [{"name": "als", "status": "skipped"}],
    }
    write_json(world.dataset.root / "outputs" / "one" / "run.json", record)
    expected = {"als": {"factors": 16}, "evaluate": {"seed": 7}, "embed": {"max_tokens": 32}}
    answer = ask(client, force_retrain=True)
    assert answer["parameters"] == expected
    command = world.commands[-1]
    config = Path(command[command.index("--config") + 1])
    assert yaml.safe_load(config.read_text(encoding="utf-8")) == expected
    assert read_settings(config).sections["als"].factors == 16


def test_what_the_run_chose_is_chosen_again(world):
    """A part records the numbers that stood for ``auto`` in its run."""
    asked, used = defaults("als", factors=16), defaults("als", factors=16, alpha=10.0)
    assert asked["alpha"] == "auto"
    world.publish("one", parameters={"als": used})
    record = {"parameters": {"als": asked}, "steps": [{"name": "als", "status": "executed"}]}
    folder = world.dataset.root / "outputs" / "one"
    write_json(folder / "run.json", record)
    assert served_parameters(world.dataset) == {"als": {"factors": 16}}
    (folder / "run.json").unlink()
    assert served_parameters(world.dataset) == {"als": {"factors": 16, "alpha": 10.0}}


def test_every_parameter_survives_the_way_through_the_file(world):
    """No value of the defaults counts as changed, whatever its type."""
    world.publish("one", parameters={"als": json.loads(json.dumps(defaults("als")))})
    assert served_parameters(world.dataset) == {}
    assert served_parameters(Dataset.find("none", world.dataset.root)) == {}


def test_a_run_of_somebody_else_is_running(world, trained):
    with FileLock(world.dataset.models / ".lock"):
        answer = ask(trained, force_retrain=True)
        assert (answer["status"], world.commands) == ("running", [])
        assert "another run" in answer["message"]
        assert ask(trained, force_retrain=True, wait=True)["status"] == "running"
    assert ask(trained, force_retrain=True)["status"] == "started"


def test_a_failure_is_forgotten_when_something_newer_is_served(world, client):
    world.child = "import sys; sys.exit(3)"
    state = lambda: client.get("/status").json()["matrix_factorization"]["status"]  # noqa: E731
    ask(client)
    wait_until(lambda: state() == "failed")
    world.publish("by-hand")
    assert state() == "trained"
    assert ask(client)["status"] == "already_trained"


def test_who_waits_learns_how_it_ended(world, client):
    world.child = "import sys; sys.exit(3)"
    answer = ask(client, wait=True)
    assert answer["status"] == "failed"
    assert "exit code 3" in answer["message"]
    assert "training-mf.log" in answer["message"]
    pointer = world.dataset.models / "champion.json"
    world.publish("one")
    world.child = f"open({str(pointer)!r}, 'a').write(' ')"
    answer = ask(client, wait=True, force_retrain=True)
    assert (answer["status"], answer["message"]) == ("success", "the model is trained and served")
    assert answer["stats"]["n_factors"] == 8
    world.child = "pass"
    answer = ask(client, wait=True, force_retrain=True)
    assert answer["status"] == "success"
    assert "not served: see" in answer["message"]
    assert ask(client, wait=True)["status"] == "already_trained"


@pytest.mark.parametrize(("given", "by"), [(None, "training"), ("airflow", "airflow")])
def test_the_history_says_that_a_training_promoted_a_version(world, client, monkeypatch, given, by):
    if given:
        monkeypatch.setenv("RECSYS_BY", given)
    world.child = (
        "from recsys_lib import registry; from recsys_lib.paths import Dataset\n"
        "from tests.support.versions import write_part\n"
        "shop = Dataset.find('shop'); write_part(shop, 'new', 'als', 1)\n"
        "registry.publish(shop, 'new')"
    )
    world.fakes["new"] = Fake("new")
    monkeypatch.setenv("PYTHONPATH", str(project_root()))
    assert ask(client, wait=True)["status"] == "success"
    (change,) = client.get("/models/history").json()["changes"]
    assert (change["to"], change["by"]) == ("new", by)


def test_many_may_wait_while_others_are_served(world, trained):
    gate = world.dataset.root / "gate"
    world.child = (
        f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)"
    )
    with ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(ask, trained, wait=True, force_retrain=True) for _ in range(50)]
        wait_until(lambda: world.jobs.running() == "mf")
        for _ in range(3):
            assert trained.post("/search", json={"query": "x"}).is_success
        gate.touch()
        answers = [one.result()["status"] for one in waiting]
    assert set(answers) <= {"success", "running", "started"}
    assert "success" in answers


BROKEN = ["{", "{}", '{"version": "gone"}', None]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_champion_leaves_the_old_one_serving(world, trained, monkeypatch, content):
    assert "problem" not in trained.get("/status").json()
    monkeypatch.setattr(service_module, "_RETRY_SECONDS", 0)
    pointer = world.dataset.models / "champion.json"
    good = pointer.read_text()
    if content is None:
        pointer.unlink()
    else:
        pointer.write_text(content)
    load = service_module.Recommender.load

    def load_or_fail(dataset):
        require_champion(dataset)
        return load(dataset)

    monkeypatch.setattr(service_module.Recommender, "load", load_or_fail)
    found = trained.post("/search", json={"query": "x"}).json()["results"]
    assert found[0]["title"] == "one"
    status = trained.get("/status").json()
    assert status["matrix_factorization"]["status"] == "trained"
    assert status["problem"].startswith("version one is still served: ")
    assert trained.get("/ready").is_success
    pointer.write_text(good)
    assert "problem" not in trained.get("/status").json()


def test_the_database_is_counted_again_only_when_it_has_changed(world, trained, monkeypatch):
    counted = []
    counts = {"n_ratings": 3, "n_users": 2, "n_products": 1, "avg_rating": 4.0}

    def count(path):
        counted.append(path)
        return counts | {"n_ratings": path.stat().st_size}

    monkeypatch.setattr("recsys_lib.serving._answers.database_counts", count)
    world.dataset.processed.mkdir(parents=True)
    world.dataset.database.write_text("12345")
    answers = [trained.get("/status").json()["database"]["n_ratings"] for _ in range(3)]
    assert (answers, len(counted)) == ([5, 5, 5], 1)
    world.dataset.database.write_text("1234567")
    assert trained.get("/status").json()["database"]["n_ratings"] == 7
    world.dataset.database.unlink()
    assert trained.get("/status").json()["database"]["n_ratings"] == 0
