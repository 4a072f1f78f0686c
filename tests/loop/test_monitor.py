"""The monitor on a small shop: each verdict where its reason is planted, fine where nothing is."""

import json
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.database import write_database
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.summary import write_summary
from recsys_lib.errors import EXIT_LOOK, EXIT_OK, EXIT_RETRAIN, EXIT_ROLL_BACK, ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.loop import Event, ServedList, Shown
from recsys_lib.loop.monitor import monitor
from recsys_lib.loop.records import utc_text
from recsys_lib.loop.store import connect, insert
from recsys_lib.loop.verdict import of_lists
from recsys_lib.loop.version_overlap import Overlap
from recsys_lib.parameters import AlsParameters, MonitorParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry import read_history
from recsys_lib.registry.history import change_champion
from tests.loop.test_drift import ITEMS, START, world
from tests.support.taste_world import stored

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FEW = AlsParameters(factors=4, iterations=1)


@pytest.fixture
def shop(tmp_path):
    """A dataset whose data nobody has trained on."""
    return Dataset.find("shop", tmp_path)


def store(shop, rows, fingerprint="f"):
    """Write data as 01_etl does; ``taste_world.stored`` trains on the fingerprint f."""
    shop.processed.mkdir(parents=True, exist_ok=True)
    rows.save(shop.processed)
    none = pl.DataFrame(schema=dict.fromkeys(Ratings.ALL, pl.String))
    products = pl.DataFrame(
        {
            Products.ITEM: [f"i{n}" for n in range(ITEMS)],
            Products.PRICE: [10.0 + n for n in range(ITEMS)],
            Products.CATEGORIES: [f'["c{n % 6}"]' for n in range(ITEMS)],
        }
    )
    lacking = [name for name in Products.ALL if name not in products.columns]
    whole = products.with_columns(pl.lit(None).cast(pl.String).alias(name) for name in lacking)
    write_database(shop.database, none, lambda: whole)
    write_summary(shop.processed, {"fingerprint": fingerprint})


def serve(shop, rows, *versions):
    """Train versions on rows, and serve one after the other."""
    for version in versions:
        stored(shop.version(version) / "als", rows, FEW)
        change_champion(shop, version, reason="a test", by="me")


def without_items(rows, n):
    """What was there before the last ``n`` items came."""
    kept = rows.select(rows.item < ITEMS - n)
    ids = kept.items.ids(range(ITEMS - n))
    parts = (kept.user, kept.item, kept.rating, kept.timestamp)
    return Interactions(kept.users, IdMap(ids), *parts)


def log(shop, version, *, people=600, clicks=0.2, empty=0.0, ms=5.0, day=0):
    """Lists of three items for people, some of whom click on the first, ``day`` days after NOON."""
    generator = np.random.default_rng([people, abs(day)])
    time = utc_text(NOON + timedelta(days=day))
    lists, events = [], []
    for n in range(people):
        name = f"{version}-{n}"
        items = tuple(Shown(f"i{k}", k + 1, 1.0, "als") for k in range(3))
        items = () if generator.random() < empty else items
        lists.append(
            ServedList(version, items, user_id=f"u{n}", milliseconds=ms, list_id=name, time=time)
        )
        if items and generator.random() < clicks:
            events.append(Event("click", "i0", list_id=name, time=time))
    with closing(connect(shop.feedback)) as connection:
        insert(connection, lists, [events])


def look(shop, **parameters):
    return monitor(shop, MonitorParameters(**parameters))


def urgent(found):
    return [f for f in found.findings if f.verdict != "fine"]


def test_nothing_changed_and_nothing_was_logged(shop):
    rows = world()
    store(shop, rows)
    serve(shop, rows, "v1")
    found = look(shop)
    assert (found.verdict, found.exit_code) == ("fine", EXIT_OK)
    assert any("no list was logged" in f.sentence for f in found.findings)
    assert found.unknown.items == found.unknown.users == 0


def test_drift_that_the_version_has_not_learned_asks_to_retrain(shop):
    rows = world(ratings=[6, 4, 2, 1, 1])
    store(shop, rows, fingerprint="newer")
    serve(shop, rows, "v1")
    found = look(shop)
    assert (found.verdict, found.exit_code) == ("retrain", EXIT_RETRAIN)
    (finding,) = urgent(found)
    assert finding.sentence.startswith("ratings: mean")
    assert "run_pipeline.py --set dataset=shop" in finding.remedy


def test_drift_that_the_version_has_learned_asks_to_look(shop):
    rows = world(ratings=[6, 4, 2, 1, 1])
    store(shop, rows)
    serve(shop, rows, "v1")
    found = look(shop)
    assert (found.verdict, found.exit_code) == ("look at this", EXIT_LOOK)
    assert "has learned from it" in urgent(found)[0].sentence


def test_fewer_people_are_nothing_to_retrain_for(shop):
    rows = world(now=0.4)
    store(shop, rows, fingerprint="newer")
    serve(shop, rows, "v1")
    found = look(shop)
    assert found.verdict == "look at this"
    assert "data are complete" in urgent(found)[0].remedy


def test_items_that_the_version_does_not_know(shop):
    rows = world()
    store(shop, rows, fingerprint="newer")
    serve(shop, without_items(rows, 40), "v1")
    found = look(shop)
    share = float((rows.item[rows.timestamp >= START + 84 * 86_400_000] >= ITEMS - 40).mean())
    assert found.unknown.items == pytest.approx(share, abs=0.01)
    assert found.verdict == "retrain"
    assert "monitor.max_unknown_items: 0.05" in urgent(found)[0].sentence
    assert look(shop, max_unknown_items=0.9).verdict == "fine"


def test_nothing_is_served(shop):
    store(shop, world())
    found = look(shop)
    assert found.verdict == "look at this"
    assert urgent(found)[0].sentence == "no version is served"


def test_a_version_whose_items_are_clicked_less_is_rolled_back(shop):
    rows = world()
    store(shop, rows)
    serve(shop, rows, "v1", "v2")
    log(shop, "v1", clicks=0.6, day=-5)
    log(shop, "v2", clicks=0.2)
    found = look(shop)
    assert (found.verdict, found.exit_code) == ("roll back", EXIT_ROLL_BACK)
    assert urgent(found)[0].remedy == "recsys rollback --dataset shop"
    assert look(shop, max_loss=0.9).verdict == "look at this"


def test_equal_versions_are_not_told_apart(shop):
    rows = world()
    store(shop, rows)
    serve(shop, rows, "v1", "v2")
    for seed in range(20):
        log(shop, "v1", people=200 + seed, day=-5)
        log(shop, "v2", people=200 + seed)
        assert look(shop).verdict == "fine", seed
        (shop.feedback / "events.db").unlink()


def test_lists_that_have_little_in_common_with_those_before(shop, monkeypatch):
    rows = world()
    store(shop, rows)
    serve(shop, rows, "v1", "v2")
    compared = []

    def overlap(*versions, seed):
        compared.append([version.name for version in versions])
        return Overlap(200, 0.05, 0.04, 0.7)

    # The package exports a function of the name of the module.
    monkeypatch.setattr(sys.modules[monitor.__module__], "version_overlap", overlap)
    found = look(shop)
    assert found.verdict == "look at this"
    assert "share 5% of their items" in urgent(found)[0].sentence
    assert look(shop, min_overlap=0.0).verdict == "fine"
    assert compared == [["v2", "v1"]] * 2


@pytest.mark.parametrize(
    ("lists", "word"), [({"empty": 0.1}, "are empty"), ({"ms": 900.0}, "900 ms or more")]
)
def test_empty_and_slow_lists(shop, lists, word):
    rows = world()
    store(shop, rows)
    serve(shop, rows, "v1")
    log(shop, "v1", **lists)
    found = look(shop)
    assert found.verdict == "look at this"
    assert word in urgent(found)[0].sentence


def test_what_is_saved_says_the_same(shop, tmp_path):
    store(shop, world())
    found = look(shop)
    found.save(tmp_path / "monitor.json")
    saved = json.loads((tmp_path / "monitor.json").read_text())
    assert (saved["verdict"], saved["exit_code"]) == (found.verdict, found.exit_code)
    assert [f["sentence"] for f in saved["findings"]] == [f.sentence for f in found.findings]
    assert found.table().height == len(found.findings)


def test_data_that_nobody_has_read_are_an_error(shop):
    with pytest.raises(ArtifactError, match="run the etl step first"):
        look(shop)
    assert not read_history(shop).changes


@pytest.mark.parametrize(("lists", "verdicts"), [(99, {"fine"}), (100, {"look at this"})])
def test_a_handful_of_slow_and_empty_lists_is_no_alarm(lists, verdicts):
    days = pl.DataFrame(
        {"day": ["2026-03-01"], "lists": [lists], "empty": [0.5], "p95 ms": [900.0]}
    )
    found = list(of_lists(days, MonitorParameters()))
    assert {finding.verdict for finding in found} == verdicts
