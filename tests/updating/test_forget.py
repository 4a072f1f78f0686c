"""Users are gone from everything, and what is left is what there would be without them."""

import json
import sqlite3
import sys
from contextlib import closing
from datetime import date

import numpy as np
import polars as pl
import pytest

from recsys_lib import Recommender, registry
from recsys_lib.cli import main
from recsys_lib.data.additions import Additions
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.stored import StoredData
from recsys_lib.errors import InputDataError, UnknownUserError
from recsys_lib.loop import Event, ServedList, Shown, read_events, read_shown, rotate
from recsys_lib.loop.store import connect, insert
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HEADS_FOLDER, Dataset
from recsys_lib.updating import forget, update
from tests.support.corner_shop import HEADER, arrays, full_load, line, serve, store, train

GONE = "u7"
SESSION = "session-of-u7"


@pytest.fixture
def shop(workspace):
    """A shop that has traces of a user in all places."""
    dataset = store(workspace, parameters=EtlParameters(mode="append"))
    with (dataset.raw / "reviews.csv").open("a") as file:
        file.write(f"{GONE},,5,{1_700_000_000_000}\n")  # a line that is rejected
    full_load(dataset, EtlParameters(mode="append"))
    serve(dataset)
    events = workspace / "events.csv"
    events.write_text(HEADER + line(GONE, "i0") + line("u1", "i5"))
    update(dataset, events)
    events.unlink()
    fill_log(dataset)
    write_outputs(dataset)
    dataset.checkpoints.mkdir()
    (dataset.checkpoints / "state.txt").write_text(GONE)
    heads = dataset.processed / HEADS_FOLDER
    heads.mkdir()
    (heads / "reviews.csv").write_text(HEADER + line(GONE, "i0"))
    return dataset


def fill_log(dataset):
    """Lists and events of three people, of two days: one is a file, one in the database."""
    connection = connect(dataset.feedback)
    for day in ("2026-03-02", "2026-03-03"):
        lists, events = [], []
        for user, session in ((GONE, SESSION), (None, SESSION), ("u1", "other"), ("u77", None)):
            made = f"{day}-{user}"
            time = f"{day}T08:00:00.000000Z"
            shown = (Shown("i0", 1, 0.5),)
            lists.append(
                ServedList(
                    "v1", shown, question=user or "i0", user_id=user, session_id=session,
                    list_id=made, time=time,
                )
            )  # fmt: skip
            events.append(Event("click", "i0", made, event_id=f"e-{made}", time=time))
        insert(connection, lists, [events])
    connection.close()
    rotate(dataset.feedback, date(2026, 3, 3))


def write_outputs(dataset):
    run = dataset.root / "outputs" / "v1"
    (run / "04_evaluate.ipynb").write_text(json.dumps({"cells": [f"history of {GONE}"]}))
    (run / "01_etl.ipynb").write_text(json.dumps({"cells": ["history of u77"]}))
    exports = dataset.root / "outputs" / "exports" / dataset.name / "v1"
    exports.mkdir(parents=True)
    pl.DataFrame({"user_id": [GONE], "item_id": ["i0"]}).write_parquet(exports / "users.parquet")
    features = dataset.root / "outputs" / "features" / dataset.name / "v1"
    features.mkdir(parents=True)
    vectors = pl.DataFrame({"user_id": [GONE], "factors": [[0.5]]})
    vectors.write_parquet(features / "user_vectors.parquet")
    key = f"\x02user_id{GONE}n".encode()  # Feast writes names, lengths and ids without a gap
    with closing(sqlite3.connect(features / "online.db")) as online, online:
        online.execute("CREATE TABLE users (entity_key BLOB)")
        online.execute("INSERT INTO users VALUES (?)", (key,))


def places_of(root, name):
    """Files that hold an id: as bytes, and in tables after decompression."""
    found = []
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            table = pl.read_parquet(path, glob=False, hive_partitioning=False)
            content += table.write_ndjson().encode()
        words = content.replace(b"u77", b"")
        if name.encode() in words:
            found.append(path.relative_to(root).as_posix())
    return found


def test_the_id_is_nowhere_but_in_the_given_files(shop):
    before = places_of(shop.root, GONE)
    for place in ("data/processed", "data/updates", "data/feedback", "models", "outputs"):
        assert any(name.startswith(place) for name in before), place
    forget(shop, [GONE])
    assert places_of(shop.root, GONE) == ["data/raw/shop/reviews.csv"]
    assert places_of(shop.root, SESSION) == []
    full_load(shop)
    assert places_of(shop.root, GONE) == ["data/raw/shop/reviews.csv"]


def test_what_is_left_equals_data_and_counts_without_them(shop, tmp_path):
    found = forget(shop, [GONE])
    mine = Interactions.load(shop.processed)
    other = store(tmp_path / "other", without=[GONE])
    Additions(other.updates).add(Additions(shop.updates).rows(_form(shop)))
    full_load(other)
    whole = Interactions.load(other.processed)
    names = ("user", "item", "rating", "timestamp", "count", "events")
    assert all(np.array_equal(getattr(mine, n), getattr(whole, n)) for n in names)
    assert (mine.users, mine.items) == (whole.users, whole.items)
    assert database(shop) == database(other)
    train(other, "v1")
    blend = arrays(shop.version(found.renewed.version) / "blend")
    trained = arrays(other.version("v1") / "blend")
    assert blend.keys() == trained.keys()
    assert all(np.array_equal(blend[name], trained[name]) for name in blend)


def test_the_next_training_is_one_without_them(shop, tmp_path):
    """What an update cannot take back, a training on the data that are left does."""
    forget(shop, [GONE])
    full_load(shop)
    train(shop, "next")
    other = store(tmp_path / "other", without=[GONE])
    Additions(other.updates).add(Additions(shop.updates).rows(_form(shop)))
    full_load(other)
    train(other, "next")
    factors = [np.load(d.version("next") / "als" / "item_factors.npy") for d in (shop, other)]
    assert np.array_equal(*factors)


def _form(dataset):
    return StoredData.load(dataset).form


def database(dataset):
    with closing(sqlite3.connect(dataset.database)) as connection:
        order = "ORDER BY user_id, parent_asin"
        return connection.execute(f"SELECT * FROM user_item_rating {order}").fetchall()


def test_others_keep_their_rows(shop):
    forget(shop, [GONE])
    shown, events = read_shown(shop.feedback), read_events(shop.feedback)
    assert {*shown["user_id"].cast(pl.String).drop_nulls()} == {"u1", "u77"}
    assert len(events) == 4
    assert (shop.root / "outputs" / "v1" / "01_etl.ipynb").is_file()
    assert not Recommender.load(dataset=shop).recommend("u1", 3).empty
    with pytest.raises(UnknownUserError):
        Recommender.load(dataset=shop).recommend(GONE, 3)


def test_the_same_files_and_events_bring_nobody_back(shop, tmp_path):
    forget(shop, [GONE])
    loaded = load_dataset(shop, EtlParameters(mode="append"))
    assert {"what": "of users who are forgotten", "rows": -5} in loaded.funnel()
    assert GONE not in loaded.ratings.latest.users
    events = tmp_path / "events.csv"
    events.write_text(HEADER + line(GONE, "i3"))
    assert (update(shop, events).forgotten, update(shop, events).applied) == (1, None)


def test_the_list_of_the_forgotten_names_nobody(shop):
    forget(shop, [GONE])
    listed = Forgotten.load(shop.updates)
    assert (listed.has(GONE), listed.has("u1")) == (True, False)
    assert GONE not in (shop.updates / "forgotten.json").read_text()
    assert listed.digests.isdisjoint(Forgotten().with_users([GONE]).digests)  # salted


def test_old_versions_and_outputs_can_stay_and_are_listed(shop, capsys):
    assert main(["forget", GONE, "--dataset", "shop", "--keep-old"]) == 0
    said = capsys.readouterr().out
    assert "kept, and names them: version v1" in said
    assert "kept, and names them: outputs/v1/04_evaluate.ipynb" in said
    assert shop.version("v1").is_dir()
    assert main(["forget", GONE, "--dataset", "shop"]) == 0
    assert "removed: version v1" in capsys.readouterr().out
    assert places_of(shop.root, GONE) == ["data/raw/shop/reviews.csv"]


def test_the_output_says_what_stays(shop, capsys):
    assert main(["forget", GONE, "nobody", "--dataset", "shop"]) == 0
    said = capsys.readouterr().out
    assert "the data have nothing of nobody" in said
    assert "removed 6 ratings (1 of them from updates), 4 lists and 4 events" in said
    assert "learned with them until 'recsys run --set dataset=shop' trains again" in said
    assert "were not changed" in said


def test_a_pinned_version_is_replaced_and_the_new_one_pinned(shop):
    registry.promote(shop, "v1", pin=True)
    found = forget(shop, [GONE])
    assert registry.champion(shop).name == found.renewed.version
    assert registry.choice(shop).pinned
    assert registry.read_history(shop).last.by == "forget"


def test_a_word_that_is_nobody_costs_no_version_and_no_report(shop, capsys):
    report, served = shop.root / "outputs" / "v1" / "01_etl.ipynb", registry.champion(shop).name
    assert main(["forget", "history", "--dataset", "shop"]) == 0
    said = capsys.readouterr().out
    assert "kept, and names them: outputs/v1/01_etl.ipynb" in said
    assert "nothing else names them, so these may mean another" in said
    assert registry.champion(shop).name == served
    assert report.is_file()
    assert main(["forget", "history", "--dataset", "shop"]) == 0
    assert not report.exists()
    assert registry.champion(shop).name == served


def test_what_was_killed_is_completed_by_the_same_call(shop, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sys.modules["recsys_lib.updating.forget"], "renew", _killed)
        forget(shop, [GONE])
    full_load(shop)  # no load in between brings them back
    assert GONE not in Interactions.load(shop.processed).users.ids()
    forget(shop, [GONE])
    assert places_of(shop.root, GONE) == ["data/raw/shop/reviews.csv"]


def _killed(*_, **__):
    raise KeyboardInterrupt


def test_the_last_user_stays(workspace):
    dataset = Dataset.find("shop", workspace)
    dataset.raw.mkdir(parents=True)
    (dataset.raw / "reviews.csv").write_text(HEADER + line("ann", "tea"))
    full_load(dataset)
    with pytest.raises(InputDataError, match="nobody else has interactions"):
        forget(dataset, ["ann"])
