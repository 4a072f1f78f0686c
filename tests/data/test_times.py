import polars as pl
import pytest

from recsys_lib.data.cleaning.times import parse_times, unit_of

NOON = 1_600_000_000_000


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["1600000000000"], "ms"),
        (["1600000000", "1.6e9", None], "s"),
        (["3", "1"], "order"),
        (["2020-09-13", "1600000000"], "s"),
        (["2020-09-13"], "ms"),
        ([None], "ms"),
    ],
)
def test_the_size_of_numbers_tells_their_unit(texts, unit):
    assert unit_of(pl.Series(texts, dtype=pl.String)) == unit


@pytest.mark.parametrize(
    ("texts", "unit", "times"),
    [
        (["1600000000000"], "ms", [NOON]),
        (["1600000000", "1.6e9"], "s", [NOON, NOON]),
        (["1600000000", "1600000000000"], "s", [NOON, NOON]),
        (["3", "1"], "order", [3, 1]),
        (["2020-09-13T12:26:40Z", "2020-09-13 12:26:40.000"], "ms", [NOON, NOON]),
        (["2020-09-13", "2020-09-13 12:26"], "ms", [1599955200000, NOON - 40_000]),
        (["2020-09-13T14:26:40+02:00", "2020-09-13 07:26:40.5-05:00"], "ms", [NOON, NOON + 500]),
        (["1600000000", "2020-09-13T12:26:40"], "s", [NOON, NOON]),
        (["1600000000", "yesterday", None], "s", [NOON, None, None]),
    ],
)
def test_times_in_milliseconds(texts, unit, times):
    assert parse_times(pl.Series("t", texts, dtype=pl.String), unit).to_list() == times
