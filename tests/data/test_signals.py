"""Ties within users are counted and said in words; events are counted by type."""

import numpy as np
import pytest

from recsys_lib.data import plots
from recsys_lib.data.checks import watch_for
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.signals import Ties, about_ties, event_counts, ties_of
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset


@pytest.fixture
def shop(workspace):
    def load(*lines):
        folder = workspace / "data/raw/shop"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "interactions.csv").write_text("\n".join(lines) + "\n")
        return load_dataset(Dataset.find("shop"), EtlParameters())

    return load


def test_ties_are_counted_within_users(shop):
    loaded = shop(
        "user_id,item_id,timestamp",
        *("u,a,2020-01-01", "u,b,2020-01-01", "u,c,2020-01-01", "u,d,2020-01-02"),
        *("v,a,2020-01-02", "v,b,2020-01-03", "w,a,2020-01-03"),
    )
    ties = ties_of(loaded.view.interactions)
    assert ties == Ties(interactions=3, of_interactions=7, pairs=2, of_pairs=4)
    summary = store_dataset(loaded)
    assert summary["counts"]["tied_interactions"] == 3
    assert summary["metrics"]["etl.tied_interactions"] == 3
    assert summary["metrics"]["etl.tied_share"] == pytest.approx(3 / 7)
    assert summary["metrics"]["etl.tied_neighbours_share"] == 0.5
    said = about_ties(ties, loaded.ratings.timestamp_unit)
    assert "50.0% of neighbouring pairs" in said
    assert "42.9% of the interactions" in said


@pytest.mark.parametrize(
    ("lines", "unit", "said"),
    [
        (("user_id,item_id,position", "u,a,1", "u,b,2"), "order", "only positions"),
        (("user_id,item_id,position", "u,a,1", "u,b,1"), "order", "100.0% of neighbouring"),
        (("user_id,item_id", "u,a", "u,b"), "none", "There are no times"),
        (("user_id,item_id,time", "u,a,2020-01-01", "u,b,2020-01-02"), "ms", "No two"),
    ],
)
def test_what_is_said_of_positions_and_of_files_without_times(shop, lines, unit, said):
    loaded = shop(*lines)
    assert loaded.ratings.timestamp_unit == unit
    assert said in about_ties(ties_of(loaded.view.interactions), unit)
    assert ("There are no times" in " ".join(watch_for(loaded))) == (unit == "none")


def test_nobody_has_two_interactions():
    ties = Ties(interactions=0, of_interactions=0, pairs=0, of_pairs=0)
    assert (ties.share, ties.pair_share) == (0, 0)


def test_events_are_counted_by_type(shop):
    loaded = shop(
        "user_id,item_id,time,event",
        *("u,a,1,view", "u,a,2,buy", "u,b,3,view", "v,a,1,view", "v,a,1,view", "v,a,2,view"),
    )
    assert event_counts(loaded.view.interactions) == {"buy": 1, "view": 3}
    summary = store_dataset(loaded)
    assert summary["events"] == {"buy": 1, "view": 3}
    assert summary["counts"]["repeated_interactions"] == 2
    table = plots.events_table(summary["events"], 3)
    assert table.rows() == [("buy", 1, 1 / 3), ("view", 3, 1.0)]
    assert {"what": "joined with a later event", "rows": -2} in loaded.funnel()
    assert summary["counts"]["exact_duplicates"] == 1


def test_without_events_there_is_nothing_to_count(shop):
    seen = shop("user_id,item_id", "u,a").view.interactions
    assert event_counts(seen) == {}
    assert np.array_equal(seen.events, [0])


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "share"),
    [("amazon2018_gift_cards", 0.688), ("ml-100k", 0.51), ("amazon2023_all_beauty", 0.0)],
)
def test_ties_of_published_data(workspace, real_data, folder, share):
    loaded = load_dataset(Dataset.find(real_data / folder), EtlParameters())
    assert ties_of(loaded.view.interactions).pair_share == pytest.approx(share, abs=0.005)
