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
        (["99999999"], "order"),
        (["100000000"], "s"),
        (["99999999999"], "s"),
        (["100000000000"], "ms"),
        (["1", "1600000000", "1600000001"], "s"),
        (["-5"], "order"),
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
        (["99999999999", "100000000000"], "s", [99_999_999_999_000, 100_000_000_000]),
        (["1600000000"], "ms", [1_600_000_000]),
        (["2020-09-13T12:26", "2020-09-13T12:26:40"], "ms", [NOON - 40_000, NOON]),
        (["2020-09-13T14:26:40+0200", "2020-09-13T12:26:40.5Z"], "ms", [NOON, NOON + 500]),
        (["2020-09-13T12:26:40-00:30"], "ms", [NOON + 1_800_000]),
        (["-1000", "1e3", "2.9"], "ms", [-1000, 1000, 2]),
        (["2020-13-01", "13.09.2020", ""], "ms", [None, None, None]),
    ],
)
def test_times_in_milliseconds(texts, unit, times):
    assert parse_times(pl.Series("t", texts, dtype=pl.String), unit).to_list() == times


def test_whole_numbers_stay_what_they_are():
    times = pl.Series("t", [5, None, 7])
    assert parse_times(times, "order").to_list() == [5, None, 7]
    assert parse_times(pl.Series("t", [1_600_000_000, None]), "s").to_list() == [NOON, None]
