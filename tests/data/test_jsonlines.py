import gzip
import json
from pathlib import Path
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data.formats import _blocks as blocks
from recsys_lib.data.formats._jsonlines import JsonLines
from recsys_lib.data.formats._lines import parse, parse_fast
from recsys_lib.data.formats.records import LINE, Start
from recsys_lib.errors import InputDataError
from tests.support.reading import read

READER = JsonLines()
GOOD = st.fixed_dictionaries({"a": st.integers(0, 9)}).map(lambda v: json.dumps(v).encode())
BAD = st.sampled_from(
    [b"not json", b'{"a": 1', b"[1, 2]", b"3", b'{"a": "\xff"}', b'{"a": "x\x00"}', b'{"a":1}{}']
)
BLANK = st.sampled_from([b"", b"   "])


def write(folder: Path, content: bytes, name: str = "reviews.jsonl") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(GOOD | BAD | BLANK, max_size=40), end=st.sampled_from([b"", b"\n"]))
def test_every_line_is_kept_or_rejected_with_its_number(tmp_path_factory, lines, end):
    path = write(tmp_path_factory.mktemp("lines"), b"\n".join(lines) + end)
    frame, rejected = read(READER, path, ["a"])
    bad = [
        number
        for number, line in enumerate(lines, 1)
        if line.strip()
        and not (line.startswith(b'{"a": ') and line.endswith(b"}") and line[6:7].isdigit())
    ]
    good = [number for number, line in enumerate(lines, 1) if line.strip() and number not in bad]
    assert [r.line for r in rejected] == bad
    assert frame[LINE].to_list() == good
    assert frame["a"].to_list() == [str(json.loads(lines[n - 1])["a"]) for n in good]


HOPED = {"n": pl.Int64(), "b": pl.Boolean(), "s": pl.String()}
VALUES = (
    st.sampled_from([7, -1, 0, True, False, None, 2**63, 7.0, 7.5, 1e300, "7", "true", "", [1]])
    | st.integers()
)
RECORDS = st.fixed_dictionaries({}, optional={"n": VALUES, "b": VALUES, "s": VALUES})


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(RECORDS.map(lambda v: json.dumps(v).encode()) | BAD, max_size=20),
    usual=st.booleans(),
)
def test_types_that_are_hoped_for_change_no_value(tmp_path_factory, lines, usual):
    """Whatever its neighbours are, a value is the same as when all were read as text."""
    plain = [b'{"n": 1, "b": true, "s": "x"}'] * 20 if usual else []
    path = write(tmp_path_factory.mktemp("types"), b"\n".join(plain + lines + plain))
    with mock.patch.object(blocks, "BLOCK_BYTES", 200):
        typed, rejected = read(READER, path, HOPED)
        text, rejected_as_text = read(READER, path, list(HOPED))
    assert typed.equals(text)
    assert rejected == rejected_as_text


def test_types_are_had_where_all_values_are_of_them(tmp_path):
    path = write(tmp_path, b'{"n": 1, "b": true}\n{"n": null, "b": false, "s": 2}\n')
    (work,) = READER.read(path, HOPED, Start())
    assert work().frame.select("n", "b", "s").rows() == [(1, True, None), (None, False, "2")]


def test_blocks_do_not_break_lines(tmp_path, monkeypatch):
    rows = [json.dumps({"a": f"value {i}"}).encode() for i in range(500)]
    rows[123] = b"broken"
    path = write(tmp_path, b"\n".join(rows))
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 64)
    frame, rejected = read(READER, path, ["a"])
    assert [r.line for r in rejected] == [124]
    assert frame[LINE].to_list() == [n for n in range(1, 501) if n != 124]
    assert frame["a"][0] == "value 0"
    assert frame["a"][-1] == "value 499"


def test_nested_values_are_json_text_and_absent_fields_null(tmp_path):
    path = write(tmp_path, b'{"a": {"x": [1, "y"]}, "b": 5.0}\n{"b": "4"}\n')
    frame, _ = read(READER, path, ["a", "b"])
    assert json.loads(frame["a"][0]) == {"x": [1, "y"]}
    assert frame["a"][1] is None
    assert frame["b"].to_list() == ["5", "4"]


def test_bom_crlf_and_gzip(tmp_path):
    content = b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}\r\n'
    frame, rejected = read(READER, write(tmp_path, content, "r.jsonl.gz"), ["a"])
    assert frame["a"].to_list() == ["1", "2"]
    assert rejected == []


def test_rejected_says_why_and_keeps_the_text(tmp_path):
    _, rejected = read(READER, write(tmp_path, b'{"a": 1}\nnonsense\n'), ["a"])
    (bad,) = rejected
    assert (bad.line, bad.reason, bad.text) == (2, "not JSON", "nonsense")


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"just text\nmore text\n", "r.jsonl", "JSON lines"),
        (b"", "r.jsonl.gz", "no line holds text"),
    ],
)
def test_a_file_without_objects_is_named(tmp_path, content, name, says):
    path = write(tmp_path, content, name)
    with pytest.raises(InputDataError, match=says) as caught:
        READER.fields(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("damage", [lambda b: b[:-12], lambda b: b"no gzip at all"])
def test_a_broken_gzip_is_named(tmp_path, damage):
    path = tmp_path / "reviews.jsonl.gz"
    path.write_bytes(damage(gzip.compress(b'{"a": 1}\n' * 10_000)))
    with pytest.raises(InputDataError, match="not readable as gzip"):
        read(READER, path, ["a"])


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": 1, "a": 2, "b": {"c": []}}',
        b'{"a": NaN, "b": -Infinity}',
        b"{'a': None}",
        b'{"a": "\t"}',
        b'{"a": "\\ud800"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\xff"}',
        b'{"a": 1} b',
        b"[1]",
        b"3",
        b"",
    ],
)
def test_the_fast_parser_finds_the_same_keys_and_problems(line):
    slow, fast = parse(line), parse_fast(line)
    assert type(fast) is type(slow)
    assert list(fast) == list(slow)
