"""Drift is found where it is planted, with its size, and seldom where nothing changed."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.loop.divergence import divergence
from recsys_lib.loop.drift import drift
from recsys_lib.loop.periods import DAY_MS, Periods, product_facts

START = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
ITEMS = 60
PRODUCTS = pl.DataFrame(
    {
        "id": [f"i{n}" for n in range(ITEMS)],
        "price": [10.0 + n for n in range(ITEMS)],
        "category": [f"c{n % 6}" for n in range(ITEMS)],
    }
)


def world(seed=0, *, now=1.0, items=None, ratings=None, a_day=40):
    """112 days of interactions; the last 28 have other activity, items or ratings when asked."""
    generator = np.random.default_rng(seed)
    usual = 1 / np.arange(1, ITEMS + 1)
    day = np.repeat(
        np.arange(112), generator.poisson(np.where(np.arange(112) < 84, 1, now) * a_day)
    )
    newest = day >= 84

    def drawn(values, before, after):
        before = before / before.sum()
        after = before if after is None else np.asarray(after) / np.sum(after)
        one = generator.choice(values, len(day), p=before)
        return np.where(newest, generator.choice(values, len(day), p=after), one)

    rows = Interactions(
        users=IdMap([f"u{n}" for n in range(500)]),
        items=IdMap([f"i{n}" for n in range(ITEMS)]),
        user=generator.integers(0, 500, len(day)).astype(np.int32),
        item=drawn(np.arange(ITEMS), usual, items).astype(np.int32),
        rating=drawn(np.arange(1.0, 6), np.array([1, 1, 2, 4, 6]), ratings).astype(np.float32),
        timestamp=START + day * DAY_MS + generator.integers(0, DAY_MS, len(day)),
    )
    return rows


def found(rows, products=PRODUCTS):
    return {row.what: row for row in drift(rows, products, 28, 84, seed=1)}


def verdicts(rows):
    return {what: row.verdict for what, row in found(rows).items() if row.verdict != "steady"}


def test_false_alarms_are_rare():
    alarms = sum(bool(verdicts(world(seed))) for seed in range(100))
    assert alarms <= 2


@pytest.mark.parametrize(("now", "verdict"), [(0.4, "strong drift"), (1.6, "some drift")])
def test_activity(now, verdict):
    row = found(world(now=now))["activity"]
    assert row.verdict == verdict
    assert row.size == pytest.approx(np.log2(now), abs=0.2)
    assert row.now / row.before == pytest.approx(now, rel=0.15)


def test_ratings_that_fall():
    assert verdicts(world(ratings=[6, 4, 2, 1, 1])) == {"ratings": "strong drift"}


def test_other_items_of_other_prices_and_categories():
    late = np.where(np.arange(ITEMS) % 6 < 2, 0, np.arange(ITEMS) + 1)
    changed = verdicts(world(items=late))
    assert changed == dict.fromkeys(("prices", "popularity of items", "categories"), "strong drift")


def test_a_small_difference_is_no_drift_however_many_rows_show_it():
    row = found(world(ratings=[1, 1, 2.4, 4, 6], a_day=4_000))["ratings"]
    assert row.p < 0.01
    assert row.verdict == "steady"


def test_what_chance_does_to_few_rows_is_no_size():
    rows = world(a_day=5)
    row = found(rows)["popularity of items"]
    periods = Periods.of(rows.timestamp, 28, 84)
    plain = divergence(
        *(np.bincount(rows.item[side], minlength=ITEMS) for side in (periods.before, periods.now))
    )
    assert plain > 0.05
    assert row.size < 0.03


def test_too_few_rows_are_said():
    row = found(world(a_day=1))["activity"]
    assert row.verdict == "too few to tell"
    assert "too few to tell" in row.sentence


def test_what_the_data_lack_is_left_out():
    rows = world()
    none = PRODUCTS.clear()
    assert set(found(rows, none)) == {"activity", "people", "ratings", "popularity of items"}
    unrated = Interactions(
        rows.users, rows.items, rows.user, rows.item, np.ones_like(rows.rating), rows.timestamp
    )
    assert "ratings" not in found(unrated)


def test_without_times_or_a_past_there_is_no_drift_to_see():
    rows = world()
    assert not found(rows.select(rows.timestamp >= START + 90 * DAY_MS))
    plain = np.arange(len(rows), dtype=np.int64)
    ordered = Interactions(rows.users, rows.items, rows.user, rows.item, rows.rating, plain)
    assert not found(ordered)


def test_periods_are_whole_days_up_to_the_last_time():
    time = START + np.array([0, DAY_MS, 2 * DAY_MS, 5 * DAY_MS - 1, 5 * DAY_MS])
    periods = Periods.of(time, 2, 99)
    assert periods.now.tolist() == [False, False, False, True, True]
    assert periods.before.tolist() == [True, True, True, False, False]
    assert periods.before_days == 4
    assert [days.sum() for days in periods.daily(time)] == [3, 2]


def test_the_narrowest_category_counts():
    said = ['["Home", "Mugs"]', "[]", None, "Action|Comedy", '["Home", "6\\" Pans" ]', "[broken"]
    facts = product_facts(
        pl.DataFrame(
            {
                "parent_asin": list("abcdef"),
                "price": [1.0, None, 3.0, 4.0, 5.0, 6.0],
                "categories": said,
                "main_category": ["X", "Y", None, None, "Z", "W"],
            }
        )
    )
    assert facts["category"].to_list() == ["Mugs", "Y", None, "Comedy", '6\\" Pans', "W"]
    assert facts["price"].to_list() == [1.0, None, 3.0, 4.0, 5.0, 6.0]
    assert facts["id"].to_list() == list("abcdef")


def of_texts(rows, vectors):
    every = drift(rows, PRODUCTS, 28, 84, seed=1, vectors=vectors)
    return next(row for row in every if row.what == "texts of items")


def vectors_of_categories():
    """Items of one category have texts that are alike; the last item has none."""
    generator = np.random.default_rng(0)
    middle = generator.standard_normal((6, 16))
    vectors = middle[np.arange(ITEMS) % 6] + 0.3 * generator.standard_normal((ITEMS, 16))
    vectors[-1] = 0
    return vectors.astype(np.float32)


def test_texts_of_other_items_are_far_from_those_before():
    usual = 1 / np.arange(1, ITEMS + 1)
    items = usual * np.where(np.arange(ITEMS) % 6 == 2, 8, 1)
    row = of_texts(world(items=items), vectors_of_categories())
    assert row.verdict == "strong drift"
    assert row.p < 0.05
    some = of_texts(
        world(items=usual * np.where(np.arange(ITEMS) % 6 == 2, 2.5, 1)), vectors_of_categories()
    )
    assert some.verdict == "some drift"
    assert 0 < some.size < row.size


def test_the_shift_of_texts_is_that_of_the_mean_vector():
    """Against its definition, in a world so large that chance moves nothing."""
    usual = 1 / np.arange(1, ITEMS + 1)
    rows = world(items=usual[::-1], a_day=2_000)
    vectors = vectors_of_categories()
    periods = Periods.of(rows.timestamp, 28, 84)
    kept = vectors.any(axis=1)[rows.item]
    before, now = (vectors[rows.item[which & kept]] for which in (periods.before, periods.now))
    spread = np.concatenate([before, now]).var(axis=0).sum()
    expected = np.linalg.norm(now.mean(axis=0) - before.mean(axis=0)) / np.sqrt(spread)
    assert of_texts(rows, vectors).size == pytest.approx(expected, rel=0.01)


def test_texts_are_steady_where_nothing_changed_and_untold_where_there_are_none():
    vectors = vectors_of_categories()
    sizes = [of_texts(world(seed), vectors) for seed in range(10)]
    assert [row.verdict for row in sizes].count("steady") >= 9
    assert of_texts(world(), np.zeros((ITEMS, 4))).verdict == "too few to tell"
