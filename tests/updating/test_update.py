"""An update from a file of events to the version that is served."""

import sys
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from recsys_lib import Recommender, registry
from recsys_lib.cli import main
from recsys_lib.data.database import database_counts
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import LockedError
from recsys_lib.loop import Event
from recsys_lib.loop.store import connect, insert
from recsys_lib.registry.history import change_champion
from recsys_lib.registry.in_use import only_run
from recsys_lib.serving.http.service import Service
from recsys_lib.updating import update
from tests.support.corner_shop import HEADER, arrays, full_load, line, serve, store, train
from tests.support.records import write_run


@pytest.fixture
def shop(workspace):
    return serve(store(workspace))


@pytest.fixture
def events(tmp_path):
    """Write events into a file: pairs (user, item)."""

    def write(*pairs):
        path = tmp_path / "events.csv"
        lines = (line(*pair, time=n) for n, pair in enumerate(pairs))
        path.write_text(HEADER + "".join(lines))
        return path

    return write


def test_a_running_service_takes_up_new_users_and_items(shop, events):
    service = Service(shop)
    assert service.require().version == "v1"
    found = update(shop, events(("new", "i0"), ("new", "i3"), ("u1", "fresh")))
    answering = service.require()
    assert answering.version == found.renewed.version
    best = answering.recommend("new", 3)["item_id"]
    assert all(int(item[1:]) % 3 == 0 for item in best)  # others with i0 and i3 took these
    assert "fresh" not in answering.recommend("u1", 20)["item_id"].tolist()
    assert database_counts(shop.database)["n_ratings"] == len(Interactions.load(shop.processed))


def test_counts_are_those_of_a_full_load_and_training(shop, events):
    found = update(shop, events(("new", "i0"), ("new", "i4"), ("u1", "fresh"), ("u1", "i0")))
    full_load(shop)
    train(shop, "v2")
    mine, whole = (arrays(shop.version(v) / "blend") for v in (found.renewed.version, "v2"))
    same = [name for name in whole if not name.startswith("ease")]
    assert len(same) > 6
    assert all((mine[name] == whole[name]).all() for name in same)


def test_the_version_says_what_it_has_and_the_old_one_stays(shop, events):
    before = registry.read_manifest(shop.version("v1"))
    found = update(shop, events(("new", "i0")))
    version = found.renewed.version
    about = registry.read_manifest(shop.version(version))["update"]
    assert (about["parent"], about["trained"]) == ("v1", "v1")
    assert {"als", "after", "together", "popular"} <= {*about["updated"]}
    assert about["kept"]["ease"] == before["published_at"]
    registry.verify(shop, "v1")
    registry.verify(shop, version)
    last = registry.read_history(shop).last
    assert (last.version, last.previous, last.by) == (version, "v1", "update")
    assert last.reason == "update: 1 interactions"


def test_ages_go_on_over_updates(shop, events):
    first = update(shop, events(("new", "i0"))).renewed
    second = update(shop, events(("other", "i0"))).renewed
    assert second.kept == first.kept
    assert registry.trained_version(shop.version(second.version)) == "v1"


def test_the_same_file_again_changes_nothing(shop, events):
    path = events(("new", "i0"))
    update(shop, path)
    again = update(shop, path)
    assert (again.applied, again.repeated) == (None, 1)
    assert len(registry.read_history(shop).changes) == 2


def test_an_update_whose_version_was_never_made_is_made_up_for(shop, events, monkeypatch):
    path = events(("new", "i0"))
    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(sys.modules["recsys_lib.updating.update"], "renew", _full_disk)
        update(shop, path)
    assert update(shop, path).renewed is not None
    assert not Recommender.load(dataset=shop).recommend("new", 3).empty


def _full_disk(*_, **__):
    raise OSError("the disk is full")


def test_a_pinned_version_stays(shop, events):
    registry.promote(shop, "v1", pin=True)
    found = update(shop, events(("new", "i0")))
    assert "'recsys promote" in found.renewed.not_served
    assert registry.champion(shop).name == "v1"


def test_old_updates_go_and_trained_versions_stay(shop, events):
    made = [update(shop, events((f"new{n}", "i0"))).renewed.version for n in range(6)]
    left = registry.published_versions(shop)
    assert {"v1", *made[-3:]} <= {*left}
    assert made[0] not in left


def test_no_name_is_given_twice_within_a_second(shop, monkeypatch):
    now = datetime.now(UTC)
    monkeypatch.setattr("recsys_lib.registry.updates.datetime", Mock(now=lambda _: now))
    change_champion(shop, registry.update_name(shop), reason="an update, removed since", by="me")
    assert registry.update_name(shop).endswith("-update-2")


def test_what_a_kill_left_of_a_version_goes(shop, events):
    torn = shop.version("20260302-040000-update") / "als"
    torn.mkdir(parents=True)
    update(shop, events(("new", "i0")))
    assert not torn.exists()


def test_the_log_is_taken_where_no_file_is_given(shop, capsys):
    connection = connect(shop.feedback)
    insert(
        connection,
        [],
        [[Event("purchase", "i3", user_id="new"), Event("view", "i3", user_id="u1")]],
    )
    connection.close()
    assert main(["update", "--dataset", "shop"]) == 0
    said = capsys.readouterr().out
    assert "1 interactions and 0 products are new or changed" in said
    assert "it is served now" in said
    assert main(["update", "--dataset", "shop"]) == 0
    assert "nothing new" in capsys.readouterr().out


def test_times_without_a_zone_are_counted(shop, tmp_path, capsys):
    path = tmp_path / "today.csv"
    times = ("2024-03-01T09:00:00", "2024-03-01T09:00:00+01:00", "2024-03-01")
    path.write_text(HEADER + "".join(f"u{n},i0,5,{time}\n" for n, time in enumerate(times)))
    assert main(["update", "--dataset", "shop", "--events", str(path)]) == 0
    assert "2 times have no zone: they are taken to be UTC" in capsys.readouterr().out


def test_a_folder_is_no_file_of_events(shop, tmp_path, capsys):
    assert main(["update", "--dataset", "shop", "--events", str(tmp_path)]) == 3
    assert f"{tmp_path}: this is a folder: name one file" in capsys.readouterr().err


def test_another_program_on_the_dataset_is_named(shop, events):
    with only_run(shop), pytest.raises(LockedError, match="in use by process"):
        update(shop, events(("new", "i0")))


def test_a_weight_that_is_none_is_refused(shop, capsys):
    with pytest.raises(SystemExit):
        main(["update", "--dataset", "shop", "--weight", "cart=2"])
    assert "TYPE=NUMBER" in capsys.readouterr().err


def test_the_run_behind_an_update_has_the_star_and_is_kept(shop, events, workspace, capsys):
    update(shop, events(("new", "i0")))
    for day in (2, 3):
        write_run(workspace, f"later{day}", day=day)
    assert main(["runs"]) == 0
    assert [row.split()[0] for row in capsys.readouterr().out.splitlines() if "*" in row] == ["v1"]
    assert main(["clean", "--keep", "1", "--keep-changes", "0"]) == 0
    assert (workspace / "outputs" / "v1").is_dir()
    assert shop.version("v1").is_dir()
