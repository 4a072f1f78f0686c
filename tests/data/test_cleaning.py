"""The rules for ratings, at their boundaries."""

import json
from pathlib import Path

import polars as pl
import pytest

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.notation import Wishes
from recsys_lib.data.cleaning.ratings import RatingRules
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.formats.records import LINE, Records, Rejected
from recsys_lib.data.input_files import InputFiles
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

FIELDS = {name: (name,) for name in Ratings.ALL}
ROW = ("u", "i", "5", "1600000000000", "true", "0")


def clean(*rows, rating_range=(1.0, 5.0), unit="ms", fields=FIELDS):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String), orient="row")
    frame = frame.with_columns(pl.int_range(1, len(frame) + 1, dtype=pl.Int64).alias(LINE))
    files = InputFiles("tables", (Path("r.csv"),), (), fields, {}, rating_range)
    rules = RatingRules(files, Wishes(unit))
    return rules.apply(Records(frame, []), 0), rules


def row(**values):
    return tuple({**dict(zip(FIELDS, ROW, strict=True)), **values}.values())


@pytest.mark.parametrize("rating", ["1", "5", "4.5", " 3 ", "5.0"])
def test_ratings_within_the_scale_are_kept(rating):
    cleaned, _ = clean(row(rating=rating))
    assert cleaned.rows["rating"].to_list() == [float(rating)]


@pytest.mark.parametrize("rating", ["0.99", "5.01", "-1", "0", "inf", "-inf"])
def test_ratings_outside_the_scale_are_rejected(rating):
    cleaned, _ = clean(row(rating=rating))
    assert [bad.reason for bad in cleaned.rejected] == ["rating is not between 1 and 5"]


@pytest.mark.parametrize(
    ("rating", "kept"),
    [("0.001", True), ("97", True), ("0", False), ("-1", False), ("inf", False), ("1e999", False)],
)
def test_any_positive_rating_is_good_without_a_scale(rating, kept):
    cleaned, _ = clean(row(rating=rating), rating_range=None)
    assert len(cleaned.rows) == kept
    assert [bad.reason for bad in cleaned.rejected] == [] if kept else ["rating is not positive"]


def counts(cleaned):
    return {name: (lost.values, lost.example) for name, lost in cleaned.unreadable.items()}


@pytest.mark.parametrize("text", ["true", "TRUE", "t", "1", "1.0", "Y", "yes", " Yes ", "ja"])
def test_verified(text):
    assert clean(row(verified_purchase=text))[0].rows["verified_purchase"].to_list() == [1]


@pytest.mark.parametrize("text", ["false", "F", "0", "0.0", "N", "no", "nein"])
def test_not_verified(text):
    assert clean(row(verified_purchase=text))[0].rows["verified_purchase"].to_list() == [0]


def test_unknown_is_not_no():
    cleaned, _ = clean(*(row(verified_purchase=v) for v in ("maybe", None, "", "nan", "2", "Y")))
    assert cleaned.rows["verified_purchase"].to_list() == [None] * 5 + [1]
    assert counts(cleaned) == {"verified_purchase": (2, "2")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", 1234),
        ("1,234,567", 1234567),
        ("7", 7),
        ("3.0", 3),
        (" 2 ", 2),
        ("NULL", None),
        (None, None),
    ],
)
def test_helpful_votes(text, value):
    cleaned, _ = clean(row(helpful_vote=text))
    assert cleaned.rows["helpful_vote"].to_list() == [value]
    assert not cleaned.unreadable


def test_votes_that_are_no_number_are_counted():
    cleaned, _ = clean(row(helpful_vote="many"), row(helpful_vote="2.5"), row(helpful_vote="3"))
    assert cleaned.rows["helpful_vote"].to_list() == [None, None, 3]
    assert counts(cleaned) == {"helpful_vote": (2, "2.5")}


@pytest.mark.parametrize(
    "word", ["", " ", r"\N", "nan", "NaN", "NULL", "None", "NA", "<NA>", "null"]
)
@pytest.mark.parametrize("name", ["user_id", "parent_asin", "rating", "timestamp"])
def test_a_word_for_nothing_is_nothing(name, word):
    cleaned, _ = clean(row(**{name: word}), row())
    (bad,) = cleaned.rejected
    assert f"{name} is missing" in bad.reason


@pytest.mark.parametrize("text", ['{"$oid": "5f"}', '["a", "b"]', "{'a': 1}", "[7]"])
def test_an_object_is_no_id(text):
    cleaned, _ = clean(row(user_id=text), row(parent_asin=text), row(user_id="{5F-GUID}"))
    assert [bad.reason for bad in cleaned.rejected] == [
        "user_id is an object or a list, not an id",
        "parent_asin is an object or a list, not an id",
    ]
    assert cleaned.rows["user_id"].to_list() == ["{5F-GUID}"]


def test_an_id_with_a_nul_character_is_rejected():
    cleaned, _ = clean(row(user_id="a\0b"), row(parent_asin="\0"), row(user_id="a"))
    assert [bad.reason for bad in cleaned.rejected] == [
        "user_id has a NUL character",
        "parent_asin has a NUL character",
    ]
    assert cleaned.rows["user_id"].to_list() == ["a"]


def test_ids_lose_a_fraction_of_zero_when_all_have_one():
    cleaned, _ = clean(row(user_id="7.0", parent_asin="1.0"), row(user_id=None, parent_asin="x"))
    assert cleaned.rows.select("user_id", "parent_asin").rows() == [("7", "1.0")]


@pytest.mark.parametrize(
    ("rating", "value"), [("5,0", 5), ("4,5", 4.5), ("4.5", 4.5), ("3", 3), ("1,5", 1.5)]
)
def test_ratings_with_decimal_commas(rating, value):
    cleaned, _ = clean(row(rating=rating), row(rating="2,5"))
    assert cleaned.rows["rating"].to_list() == [value, 2.5]


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("0001-01-01", "timestamp is before 1990"),
        ("1989-12-31", "timestamp is before 1990"),
        ("9999-12-31", "timestamp is in the future"),
        ("0", "timestamp is before 1990"),
        ("2020-02-30", "timestamp is missing or no time"),
    ],
)
def test_impossible_times(time, reason):
    cleaned, _ = clean(row(timestamp=time), row(), unit="auto")
    assert [bad.reason for bad in cleaned.rejected] == [reason]


def test_dates_that_nothing_settles_are_a_question():
    cleaned, _ = clean(row(timestamp="1/12/2010"), row(timestamp="2/12/2010"), unit="auto")
    assert [bad.line for bad in cleaned.rejected] == [1, 2]
    assert "set etl.timestamp_format to %d/%m/%Y or %m/%d/%Y" in cleaned.rejected[0].reason


def test_the_first_reason_counts_and_the_line_is_kept_as_it_was():
    cleaned, _ = clean(row(), row(user_id=" ", parent_asin=None, rating="x"), row(rating="x"))
    assert [(bad.line, bad.reason) for bad in cleaned.rejected] == [
        (2, "user_id is missing"),
        (3, "rating is not a number"),
    ]
    assert "'rating': 'x'" in cleaned.rejected[1].text
    assert cleaned.rows["user_id"].to_list() == ["u"]
    assert cleaned.n_lines == 3


def test_of_several_fields_the_first_with_a_value_counts():
    fields = {**FIELDS, Ratings.ITEM: ("parent_asin", "user_id")}
    cleaned, _ = clean(row(), row(parent_asin=" "), fields=fields)
    assert cleaned.rows["parent_asin"].to_list() == ["i", "u"]


def test_the_unit_is_said():
    cleaned, rules = clean(row(timestamp="1600000000"), unit="auto")
    assert (rules.unit, cleaned.rows["timestamp"].to_list()) == ("s", [1_600_000_000_000])
    _, rules = clean(row(), unit="auto", fields={**FIELDS, Ratings.TIMESTAMP: ()})
    assert rules.unit == "none"


def test_a_rejected_line_keeps_its_first_500_characters():
    assert len(Rejected.from_line("f", 1, "why", "x" * 501).text) == 500


@pytest.mark.parametrize(("n_bad", "stops"), [(1, False), (2, True)])
def test_the_share_of_rejected_lines_may_reach_its_maximum(workspace, n_bad, stops):
    dataset = Dataset.find("shop")
    dataset.raw.mkdir(parents=True)
    good = [json.dumps({"user_id": f"u{n}", "item_id": "i"}) for n in range(20 - n_bad)]
    (dataset.raw / "reviews.jsonl").write_text("\n".join(good + ["bad"] * n_bad))
    if stops:
        with pytest.raises(InputDataError, match="2 of 20 lines were rejected"):
            load_dataset(dataset, EtlParameters())
    else:
        assert len(load_dataset(dataset, EtlParameters()).ratings.rejected) == 1
