import polars as pl
import pytest

from recsys_lib.data.times import parse_times

NOON = 1_600_000_000_000


@pytest.mark.parametrize(
    ("texts", "unit", "times", "found"),
    [
        (["1600000000000"], "auto", [NOON], "ms"),
        (["1600000000", "1.6e9"], "auto", [NOON, NOON], "s"),
        (["3", "1"], "auto", [3, 1], "order"),
        (["3", "1"], "s", [3000, 1000], "s"),
        (["2020-09-13T12:26:40Z", "2020-09-13 12:26:40.000"], "auto", [NOON, NOON], "ms"),
        (["2020-09-13", "2020-09-13 12:26"], "auto", [1599955200000, NOON - 40_000], "ms"),
        (["1600000000", "2020-09-13T12:26:40"], "auto", [NOON, NOON], "s"),
        (["1600000000", "yesterday", None], "auto", [NOON, None, None], "s"),
        ([None, None], "auto", [0, 1], "order"),
    ],
)
def test_times(texts, unit, times, found):
    parsed, parsed_unit = parse_times(pl.Series("t", texts, dtype=pl.String), unit)
    assert parsed.to_list() == times
    assert parsed_unit == found
