"""JSON that is not one object per line: arrays, wrapped lists, objects over several lines."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data.formats import can_be_continued, first_fields, reader_of
from recsys_lib.errors import InputDataError
from tests.support.reading import read

RECORDS = [{"user_id": f"u{n}", "item_id": f"i{n % 3}", "note": 'a "b", {c}'} for n in range(6)]
DAMAGE = ['{"user_id": "u9", "item_id": oops}', '{"user_id": "u9, "item_id": "x"}', '{"user_id": {']


def users(path, text):
    path.write_text(text, encoding="utf-8")
    frame, rejected = read(reader_of(path), path, ["user_id"])
    return frame["user_id"].to_list(), [bad.line for bad in rejected]


def as_array(texts):
    return "[" + ", ".join(texts) + "]"


def as_lines_of_array(texts):
    return "[\n" + ",\n".join(texts) + "\n]\n"


def as_answer(texts):
    return '{"status": "ok", "data": ' + as_array(texts) + ', "page": {"next": null}}'


def one_after_another(texts):
    return "\n".join(texts)


@pytest.mark.parametrize("form", [as_array, as_lines_of_array, as_answer, one_after_another])
@pytest.mark.parametrize("indent", [None, 1, 4])
def test_objects_are_read_whatever_stands_around_them(tmp_path, form, indent):
    texts = [json.dumps(record, indent=indent) for record in RECORDS]
    found, bad = users(tmp_path / "t.json", form(texts))
    assert (found, bad) == ([record["user_id"] for record in RECORDS], [])
    assert first_fields(tmp_path / "t.json") == ["user_id", "item_id", "note"]
    is_lines = form is one_after_another and indent is None
    assert can_be_continued(tmp_path / "t.json") == is_lines


@pytest.mark.parametrize("form", [as_array, as_lines_of_array, as_answer])
@settings(max_examples=30, deadline=None)
@given(damage=st.sampled_from(DAMAGE), at=st.integers(1, 5), indent=st.sampled_from([None, 2]))
def test_a_bad_object_costs_itself_alone(tmp_path_factory, form, damage, at, indent):
    texts = [json.dumps(record, indent=indent) for record in RECORDS]
    texts[at] = damage
    found, bad = users(tmp_path_factory.mktemp("t") / "t.json", form(texts))
    assert found == [f"u{n}" for n in range(6) if n != at]
    assert bad == [at + 1]


def test_a_bad_object_among_objects_over_several_lines(tmp_path):
    texts = [json.dumps(record, indent=2) for record in RECORDS]
    texts[2] = texts[2].replace('"i2",', '"i2",,')
    assert users(tmp_path / "t.json", "\n".join(texts)) == (["u0", "u1", "u3", "u4", "u5"], [3])


def test_other_values_in_an_array_are_rejected(tmp_path):
    text = '[null, {"user_id": "a"}, 5, [1], {"user_id": "b"}]'
    assert users(tmp_path / "t.json", text) == (["a", "b"], [1, 3, 4])


def test_an_order_with_a_list_of_items_is_a_record(tmp_path):
    path = tmp_path / "t.json"
    assert users(path, '{"user_id": "a", "lines": [{"sku": 1}, {"sku": 2}]}') == (["a"], [])


def test_several_lists_are_a_question(tmp_path):
    with pytest.raises(InputDataError, match=r"several lists \(reviews, products\): save each"):
        users(tmp_path / "t.json", '{"reviews": [{"user_id": 1}], "products": [{"id": 1}]}')


@pytest.mark.parametrize("n", [150, 200_000])
def test_a_field_that_starts_late_is_known(tmp_path, n):
    path = tmp_path / "t.jsonl"
    path.write_text('{"user_id": 1}\n' * n + '{"user_id": 1, "late": 2}\n' * 3)
    assert first_fields(path) == ["user_id", "late"]


def test_returns_between_objects_end_lines(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"user_id":"a"}\r{"user_id":"b"}\n{"user_id":"c"}\n')
    frame, rejected = read(reader_of(path), path, {"user_id": pl.String()})
    assert (frame.rows(), rejected) == ([("a", 1), ("b", 2), ("c", 3)], [])
