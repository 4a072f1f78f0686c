"""Tables of traffic on lists with known counts; intervals that hold as often as they say."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_lib.columns import Feedback
from recsys_lib.loop.outcomes import OUTCOMES
from recsys_lib.loop.reading import SHOWN_SCHEMA
from recsys_lib.loop.traffic import by_day, lasting_difference, rates

START = datetime(2026, 3, 1, tzinfo=UTC)


def row(list_id, item=None, *, user="ann", day=0, ms=5.0, **others):
    return {
        "list_id": list_id,
        "time": START + timedelta(days=day),
        "user_id": user,
        "version": "v1",
        "milliseconds": ms,
        "item_id": item,
        **others,
    }


def shown(*rows):
    return pl.DataFrame(list(rows), schema=SHOWN_SCHEMA)


def clicks(seed, people=120, rate=0.1, length=10, version="v1"):
    """People who click much or little: items of one person are not independent."""
    generator = np.random.default_rng(seed)
    tastes = generator.beta(0.3, 0.3 / rate - 0.3, people)
    clicked = generator.random((people, length)) < tastes[:, None]
    return pl.DataFrame(
        {
            Feedback.LIST: np.repeat([f"{version}-{n}" for n in range(people)], length),
            Feedback.USER: np.repeat([f"{version}-u{n}" for n in range(people)], length),
            Feedback.SESSION: pl.Series([None] * people * length, dtype=pl.String),
            Feedback.ITEM: "i",
            Feedback.VERSION: version,
            "clicked": clicked.ravel(),
        }
    )


def test_a_day_has_lists_people_empty_ones_items_and_times():
    table = by_day(
        shown(
            row("a", "mug", ms=1.0),
            row("a", "tea", ms=1.0),
            row("b", "mug", user="bob", ms=3.0),
            row("c", user=None, ms=9.0),
            row("d", "mug", day=1, ms=None),
        )
    )
    first, second = table.to_dicts()
    assert first["day"] == date(2026, 3, 1)
    assert (first["lists"], first["people"], first["items"]) == (3, 2, 2)
    assert first["empty"] == pytest.approx(1 / 3)
    assert first["p50 ms"] == 3.0
    assert second["p50 ms"] is None
    assert second["empty"] == 0


def test_no_lists_make_an_empty_table():
    assert by_day(shown()).is_empty()
    none = shown().with_columns(pl.lit(value=False).alias(name) for name in OUTCOMES)
    assert rates(none, "source").is_empty()


def test_rates_have_the_known_counts():
    rows = shown(
        row("a", "mug", source="als"),
        row("a", "tea", source="popular"),
        row("b", "mug", user="bob", source="als"),
        row("c"),
    ).with_columns(clicked=pl.Series([True, False, False, False]))
    table = rates(rows, "source").to_dicts()
    assert [(r["source"], r["people"], r["items"], r["happened"]) for r in table] == [
        ("als", 2, 2, 1),
        ("popular", 1, 1, 0),
    ]
    assert table[0]["rate"] == 0.5
    assert all(0 <= r["low"] <= r["rate"] <= r["high"] <= 1 for r in table)
    assert table[1]["high"] > 0.5  # one person who did not click says little


def test_intervals_hold_for_people_who_differ():
    """95 of 100 should; counting items as independent, some 80 would."""
    held = 0
    for seed in range(200):
        (r,) = rates(clicks(seed), "version").to_dicts()
        held += r["low"] <= 0.1 <= r["high"]
    assert 180 <= held <= 199


def test_a_difference_of_versions_and_its_bounds():
    rows = pl.concat([clicks(1, 2_000), clicks(2, 2_000, rate=0.05, version="v2")])
    found = lasting_difference(rows, "version", "v1", "v2")
    assert found.low < -0.05 < found.high < 0
    assert found.gap == pytest.approx(found.second - found.first)
    assert lasting_difference(rows, "version", "v1", "v3") is None


def test_looking_at_a_difference_every_day_does_not_fool():
    """20 looks in each of 50 worlds without a difference."""
    fooled = 0
    for seed in range(50):
        rows = pl.concat([clicks(seed, 1_000), clicks(seed + 50, 1_000, version="v2")])
        number = pl.col(Feedback.USER).str.extract(r"u(\d+)").cast(pl.Int64)
        looks = (
            lasting_difference(rows.filter(number < n), "version", "v1", "v2")
            for n in range(100, 1_001, 45)
        )
        fooled += any(look.low > 0 or look.high < 0 for look in looks)
    assert fooled <= 3


def test_versions_that_nobody_clicked_are_not_sure_to_be_equal():
    rows = pl.concat([clicks(1, 200), clicks(2, 200, version="v2")])
    found = lasting_difference(
        rows.with_columns(clicked=pl.lit(value=False)), *["version", "v1", "v2"]
    )
    assert found.low < 0 < found.high


def test_another_outcome_is_refused():
    with pytest.raises(ValueError, match="choose from clicked"):
        rates(shown(), "source", "bought")
