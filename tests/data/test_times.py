from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data.cleaning.notation import NO_ZONE, Wishes, settle
from recsys_lib.data.cleaning.times import read_times
from recsys_lib.errors import ParameterError

NOON = 1_600_000_000_000  # 2020-09-13 12:26:40


def read(texts, unit="auto", form="", dtype=pl.String):
    """The notation of a file with these times, and the times."""
    times = read_times(pl.Series("t", texts, dtype=dtype), form)
    evidence = times.evidence()
    notation = settle(evidence, evidence, Wishes(unit, form))
    return notation, times.resolve(notation).to_list()


@pytest.mark.parametrize(
    ("texts", "form", "n"),
    [
        (["1600000000", None], "", 0),
        (["2020-09-13T12:26:40Z", "2020-09-13 12:26:40", "2020-09-13"], "", 2),
        (["13 Sep 2020 12:26 GMT", "Sep 13 2020 12:26 +02:00", "1.9.2020 12:26", "none"], "", 1),
        (["13/09/2020", "13/10/2020"], "%d/%m/%Y", 2),
        (["13/09/2020 +0200"], "%d/%m/%Y %z", 0),
    ],
)
def test_dates_without_a_zone_are_counted(texts, form, n):
    assert read_times(pl.Series("t", texts), form).evidence()[NO_ZONE] == n


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["1600000000000"], "ms"),
        (["1600000000", "1.6e9", None], "s"),
        (["1600000000000000"], "us"),
        (["1600000000000000000", "1600000000000000001"], "ns"),
        (["3", "1"], "order"),
        (["2020-09-13", "1600000000"], "s"),
        (["2020-09-13"], "ms"),
        ([None], "ms"),
        (["99999999"], "order"),
        (["100000000"], "s"),
        (["99999999999"], "s"),
        (["100000000000"], "ms"),
        (["99999999999999"], "ms"),
        (["100000000000000"], "us"),
        (["1", "1600000000", "1600000001"], "s"),
        (["0", "0", "0", "1600000001"], "s"),
        (["0", "0"], "order"),
        (["-5"], "order"),
    ],
)
def test_the_size_of_numbers_tells_their_unit(texts, unit):
    assert read(texts)[0].unit == unit


@pytest.mark.parametrize(
    ("texts", "unit", "times"),
    [
        (["1600000000000"], "ms", [NOON]),
        (["1600000000", "1.6e9"], "s", [NOON, NOON]),
        (["1600000000", "1600000000000"], "s", [NOON, NOON]),
        (["1600000000000000", " 1600000000000000 "], "us", [NOON, NOON]),
        (["1600000000000000000"], "ns", [NOON]),
        (["3", "1"], "order", [3, 1]),
        (["3", "2020-09-13"], "order", [3, None]),
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
        (["2020-13-01", "32.09.2020", "", "25:00 2020-01-01"], "ms", [None] * 4),
        (["0001-01-01", "9999-12-31"], "auto", [-62_135_596_800_000, 253_402_214_400_000]),
    ],
)
def test_times_in_milliseconds(texts, unit, times):
    assert read(texts, unit)[1] == times


@pytest.mark.parametrize(
    "text",
    [
        "2020-09-13 12:26:40 UTC",
        "2020/09/13 12:26:40",
        "Sep 13, 2020 12:26:40",
        "13 September 2020 12:26:40",
        "13-Sep-20 12:26:40",
        "September 13th, 2020 12:26:40 PM",
        "Sun Sep 13 12:26:40 +0000 2020",
        "Sun, 13 Sep 2020 14:26:40 +0200",
        "13. September 2020, 12:26:40 Uhr",
        "09 13, 2020 12:26:40",
        "9/13/2020 12:26:40 PM",
        "13.09.20 12:26:40",
        "13-09-2020 12:26:40",
        "20200913 12:26:40",
    ],
)
def test_dates_as_people_write_them(text):
    assert read([text])[1] == [NOON]


def test_midnight_and_noon_of_twelve_hours():
    _, times = read(["2020-01-01 12:05 AM", "2020-01-01 12:05 p.m.", "2020-01-01 13:05 PM"])
    hours = [t and datetime.fromtimestamp(t / 1000).astimezone().utctimetuple()[3] for t in times]
    assert hours == [0, 12, None]


@pytest.mark.parametrize(
    ("texts", "day_first"),
    [
        (["12/1/2010 8:26", "12/14/2010 10:24"], False),
        (["1/12/2010", "14/12/2010"], True),
        (["1/12/2010"], None),
        (["1.12.2010"], True),
        (["1.12.2010", "12.14.2010"], False),
        (["1-12-10", "14-12-10"], True),
    ],
)
def test_any_date_of_a_file_may_tell_the_day_from_the_month(texts, day_first):
    notation, times = read(texts)
    assert notation.day_first is day_first
    december, january = 1_291_161_600_000, 1_263_254_400_000
    first = {True: december, False: january, None: None}[day_first]
    if texts[0].startswith("12/1/"):
        first = december + (8 * 60 + 26) * 60_000
    assert times[0] == first


def test_numbers_can_be_dates():
    notation, times = read(["20200913", "20200914"])
    assert notation.compact
    assert times == [1599955200000, 1599955200000 + 86_400_000]
    assert read(["20200913", "20209914"])[0].unit == "order"


@pytest.mark.parametrize(
    ("form", "text", "time"),
    [
        ("%d.%m.%Y %Hh%M", "13.09.2020 12h26", NOON - 40_000),
        ("%Y%m%d", "20200913", 1599955200000),
        ("%d/%m/%Y %H:%M:%S %z", "13/09/2020 14:26:40 +0200", NOON),
        ("%d/%m/%Y", "2020-09-13", None),
    ],
)
def test_the_user_may_say_what_times_look_like(form, text, time):
    assert read([text], form=form)[1] == [time]


def test_a_form_that_is_none():
    with pytest.raises(ParameterError, match=r"etl\.timestamp_format '%H' is no form of a date"):
        read(["12"], form="%H")


def test_whole_numbers_stay_what_they_are():
    assert read([5, None, 7], dtype=pl.Int64)[1] == [5, None, 7]
    assert read([1_600_000_000, None], dtype=pl.Int64)[1] == [NOON, None]


@settings(max_examples=40)
@given(
    moments=st.lists(
        st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), min_size=1, max_size=20
    ),
    form=st.sampled_from(["%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%d %B %Y %H:%M:%S"]),
)
def test_dates_are_read_as_the_standard_library_writes_them(moments, form):
    """Or, where no date settles day and month, not at all."""
    moments = [moment.replace(microsecond=0) for moment in moments]
    _, times = read([moment.strftime(form) for moment in moments])
    expected = [int((moment - datetime(1970, 1, 1)).total_seconds() * 1000) for moment in moments]
    if form.startswith("%m") and all(moment.day <= 12 for moment in moments):
        expected = [None] * len(moments)
    assert times == expected
